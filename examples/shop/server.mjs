// A small shop. What a release does is in release.json beside it: its version, the share of checkouts that fail,
// and whether it crashes on start. Nothing to install.
import { appendFileSync, readFileSync } from 'node:fs';
import http from 'node:http';

const release = JSON.parse(readFileSync(new URL('./release.json', import.meta.url), 'utf8'));
if (release.crashOnStart) {
  console.error(`shop ${release.version}: cannot read the price list: PRICES is not set`);
  process.exit(1);
}

let checkouts = 0;
let failures = 0;
let served = [];

// Every checkout that reached this instance is written down, so that a request served twice is found out.
const ledger = process.env.SHOP_LEDGER ? `${process.env.SHOP_LEDGER}/${process.pid}.ids` : null;
const flush = () => {
  if (ledger !== null && served.length > 0) appendFileSync(ledger, `${served.join('\n')}\n`);
  served = [];
};
setInterval(flush, 100).unref();

const server = http.createServer((request, response) => {
  const path = new URL(request.url, 'http://shop').pathname;
  response.setHeader('x-shop-version', release.version);
  if (path === '/health') return answer(response, 200, { ok: true, version: release.version });
  if (path === '/products')
    return answer(response, 200, {
      products: [
        { id: 'tea', cents: 450 },
        { id: 'mug', cents: 1290 },
      ],
    });
  if (path === '/metrics') return answer(response, 200, { uptime: process.uptime(), checkouts, failures });
  if (path === '/checkout' && request.method === 'POST') return checkout(request, response);
  return answer(response, 404, { error: 'no such page' });
});

function checkout(request, response) {
  request.resume();
  request.on('end', () => {
    checkouts += 1;
    const id = request.headers['x-checkout-id'];
    if (id !== undefined) served.push(id);
    // Every n-th checkout fails, so that the share is exact and a demonstration is the same each time.
    const fails = Math.floor(checkouts * release.failRatio) > Math.floor((checkouts - 1) * release.failRatio);
    if (fails) {
      failures += 1;
      return answer(response, 500, { error: 'payment could not be booked' });
    }
    return answer(response, 201, { order: `${release.version}-${process.pid}-${checkouts}` });
  });
}

function answer(response, status, body) {
  const text = JSON.stringify(body);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  response.end(text);
}

process.on('SIGTERM', () => {
  server.close(() => {
    flush();
    process.exit(0);
  });
  server.closeIdleConnections();
});
process.on('exit', flush);
server.listen(Number(process.env.PORT), '127.0.0.1');
