"""The VidiCenter data API: asynchronous exports of audience data, topology and tags."""
