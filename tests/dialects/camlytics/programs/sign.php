<?php
// The document's PHP example, with what it leaves to the reader: the request itself.
// php sign.php URL NONCE [CHANGED]: prints the status; CHANGED is sent in place of the signed path and query.
[, $url, $nonce] = $argv;

// if you use the since or/and until parameter. You should process it with urlencode function
$since = urlencode('2020-10-12T14:00:00Z'); // 2020-10-12T14%3A00%3A00Z
$requestUri = '/service/api/v1/events?location_id=32&nonce=' . $nonce . '&since=' . $since;
$secret = 'ehsd7485746548574';
$sign = hash_hmac("sha512", $requestUri, $secret);

$headers = ['X-Key: pub-1', 'X-Sign: ' . $sign];
$context = stream_context_create(['http' => ['header' => $headers, 'ignore_errors' => true]]);
$body = file_get_contents($url . ($argv[3] ?? $requestUri), false, $context);
echo explode(' ', $http_response_header[0])[1], ' ', json_decode($body)->code, "\n";
