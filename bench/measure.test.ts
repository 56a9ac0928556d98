import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { it } from 'node:test';
import { usageOf } from './measure.ts';

/** Burns processor time in a thread, says so, and waits to be ended. */
const BURN = `
  import { Worker } from 'node:worker_threads';
  const burn = 'const end = process.cpuUsage().user + 2e5; while (process.cpuUsage().user < end);';
  new Worker(burn, { eval: true }).once('exit', () => console.log('burnt'));
  setInterval(() => {}, 1000);
`;

it('counts the processor time and the memory of a child’s threads', {
  skip: process.platform !== 'linux',
}, async () => {
  const shell = spawn('sh', ['-c', '"$0" --input-type=module -e "$1" & wait', process.execPath, BURN], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  try {
    await once(shell.stdout, 'data');
    const { cpuMicros, residentBytes } = usageOf(shell.pid ?? 0);
    assert.ok(cpuMicros >= 190_000, `${cpuMicros} µs`);
    assert.ok(residentBytes > 20 * 2 ** 20, `${residentBytes} bytes: more than a shell`);
  } finally {
    if (shell.pid !== undefined) process.kill(-shell.pid, 'SIGKILL');
    await once(shell, 'close');
  }
});

it('answers nothing for a process that has ended', { skip: process.platform !== 'linux' }, async () => {
  const child = spawn('true');
  await once(child, 'close');
  assert.deepEqual(usageOf(child.pid ?? 0), { cpuMicros: 0, residentBytes: 0 });
});
