// The document's JavaScript example, with what it leaves to the reader: the request itself.
// node sign.js URL NONCE [CHANGED]: prints the status; CHANGED is sent in place of the signed path and query.
const Crypto = require('crypto');
const http = require('http');
const [, , url, nonce, changed] = process.argv;

// if you use the since or/and until parameter. You should process it with encodeURIComponent function
const since = encodeURIComponent('2020-10-13T06:12:00.000+01:00'); // 2020-10-13T06%3A12%3A00.000%2B01%3A00
const requestUri = '/service/api/v1/events?location_id=32&nonce=' + nonce + '&since=' + since;
const secret = 'ehsd7485746548574';
const signature = Crypto.createHmac('sha512', secret)
    .update(requestUri)
    .digest('hex');

const { hostname, port } = new URL(url);
const headers = { 'X-Key': 'pub-1', 'X-Sign': signature };
http.get({ hostname, port, path: changed || requestUri, headers }, (response) => {
    let body = '';
    response.on('data', (piece) => { body += piece; });
    response.on('end', () => console.log(response.statusCode, JSON.parse(body).code));
});
