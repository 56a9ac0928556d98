/** The access log at its end: nothing that was added is lost, and the end is told when it is so. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { constants, openSync, read } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { AccessLog } from './access-log.ts';
import type { LogEntry } from './access-log-line.ts';

const entry = (number: number): LogEntry => ({
  atMs: 0,
  client: '127.0.0.1',
  method: 'GET',
  target: `/${number}`,
  host: 'a.example',
  minorVersion: 1,
  status: 200,
  code: '',
  bytesIn: 0,
  bytesOut: 0,
  durationMs: 1,
  pool: 'web',
  backend: 'a',
  attempts: 1,
  referer: '',
  userAgent: 'x'.repeat(200),
  requestId: '',
});

async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'ballast-log-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

const linesOf = (text: string): number => text.split('\n').length - 1;

test('what waits at the end is written before the end is told', async (t) => {
  const file = path.join(await folderOf(t), 'access.log');
  const log = new AccessLog({ path: file, format: 'json' }, () => assert.fail('a line was dropped'));
  for (let number = 0; number < 10; number++) log.add(entry(number));
  await log.close();
  assert.equal(linesOf(await readFile(file, 'utf8')), 10);
});

test('lines that are being written at the end, and those behind them, are as well', async (t) => {
  const fifo = path.join(await folderOf(t), 'fifo');
  assert.equal(spawnSync('mkfifo', [fifo]).status, 0);
  // Open for both, so that opening the other end does not wait; the reader is this test.
  const reader = openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK);
  const log = new AccessLog({ path: fifo, format: 'json' }, () => assert.fail('a line was dropped'));
  const lines = 1_000;
  for (let number = 0; number < lines; number++) log.add(entry(number));
  let text = '';
  const drain = (): Promise<number> =>
    new Promise((resolve) => {
      const buffer = Buffer.alloc(64 * 1024);
      read(reader, buffer, 0, buffer.length, null, (error, bytes) => {
        if (error === null) text += buffer.toString('utf8', 0, bytes);
        resolve(error === null ? bytes : 0);
      });
    });
  // More than a pipe holds: once anything has come, the rest is under way and stuck.
  while ((await drain()) === 0) await delay(5);
  log.add(entry(lines));
  let isTold = false;
  const closed = log.close().then(() => {
    isTold = true;
  });
  await delay(20);
  assert.equal(isTold, false, 'it was told before it was so');
  while (!isTold) if ((await drain()) === 0) await delay(5);
  await closed;
  while ((await drain()) > 0);
  assert.equal(linesOf(text), lines + 1);
});
