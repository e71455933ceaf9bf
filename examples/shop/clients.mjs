// Customers of the shop: checkouts at a steady rate, whatever the answers, from clients that keep their cookies.
//   node clients.mjs <url> <rate per second> <result file>
// Runs until SIGTERM, or at the latest after ten minutes; writes totals to the result file twice a second and at the end.
import { renameSync, writeFileSync } from 'node:fs';
import http from 'node:http';

const [url, rateText, resultFile] = process.argv.slice(2);
const target = new URL(url);
if (target.hostname !== '127.0.0.1') throw new Error('the customers only go to 127.0.0.1');
const rate = Number(rateText);
const tickMs = 10;
const clients = Array.from({ length: 400 }, () => ({ cookie: null }));
const agent = new http.Agent({ keepAlive: true, maxSockets: 128 });
const total = {
  sent: 0,
  answered: 0,
  created: 0,
  failedByShop: 0,
  lost: 0,
  lostReasons: {},
  byVersion: {},
  firstFailureAtMs: {},
  open: 0,
};
const run = process.pid.toString(36) + Date.now().toString(36);

let carry = 0;
let next = 0;
let stopping = false;
let last = performance.now();

const timer = setInterval(() => {
  const now = performance.now();
  carry += ((now - last) / 1000) * rate;
  last = now;
  // A pause of this process must not become a burst that no customer would make.
  carry = Math.min(carry, rate / 4);
  for (; carry >= 1 && !stopping; carry--) checkout(clients[next++ % clients.length]);
}, tickMs);
const saver = setInterval(save, 500);
setTimeout(stop, 600_000).unref();

function checkout(client) {
  total.sent += 1;
  total.open += 1;
  const id = `${run}-${total.sent}`;
  const headers = {
    'content-length': '2',
    'content-type': 'application/json',
    'x-checkout-id': id,
    ...(client.cookie === null ? {} : { cookie: client.cookie }),
  };
  const request = http.request(
    { host: target.hostname, port: target.port, path: '/checkout', method: 'POST', headers, agent, timeout: 20_000 },
    (response) => {
      const cookie = response.headers['set-cookie']?.[0]?.split(';')[0];
      if (cookie !== undefined) client.cookie = cookie;
      response.resume();
      response.on('end', () => settle(response.statusCode, response.headers['x-shop-version']));
      response.on('error', (error) => lose(`answer cut: ${error.code ?? error.message}`));
    },
  );
  let settled = false;
  const once = (work) => {
    if (settled) return;
    settled = true;
    total.open -= 1;
    work();
  };
  const lose = (why) =>
    once(() => {
      total.lost += 1;
      total.lostReasons[why] = (total.lostReasons[why] ?? 0) + 1;
    });
  const settle = (status, version) =>
    once(() => {
      total.answered += 1;
      // An answer without the shop's own header did not come from the shop.
      if (version === undefined) {
        total.answered -= 1;
        total.lost += 1;
        total.lostReasons[`status ${status} not from the shop`] =
          (total.lostReasons[`status ${status} not from the shop`] ?? 0) + 1;
        return;
      }
      total.byVersion[version] ??= { created: 0, failed: 0 };
      const counts = total.byVersion[version];
      if (status === 201) {
        total.created += 1;
        counts.created += 1;
      } else {
        total.failedByShop += 1;
        counts.failed += 1;
        total.firstFailureAtMs[version] ??= Date.now();
      }
    });
  request.on('timeout', () => {
    lose('no answer within 20 s');
    request.destroy();
  });
  request.on('error', (error) => lose(error.code ?? error.message));
  request.end('{}');
}

function save(final = false) {
  writeFileSync(`${resultFile}.tmp`, JSON.stringify({ ...total, final }));
  renameSync(`${resultFile}.tmp`, resultFile);
}

function stop() {
  if (stopping) return;
  stopping = true;
  clearInterval(timer);
  const started = Date.now();
  const wait = setInterval(() => {
    if (total.open > 0 && Date.now() - started < 15_000) return;
    clearInterval(wait);
    clearInterval(saver);
    save(true);
    agent.destroy();
    process.exit(0);
  }, 20);
}
process.on('SIGTERM', stop);
process.on('SIGINT', stop);
