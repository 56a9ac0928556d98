'use strict';
/*
 * Runs a command as a child that stands in for this process: same input and output, same signals,
 * same exit. Used by `bin/ballast` where this Node cannot replace itself by another one (before
 * 22.15), and by `npm start`.
 *
 * The child leads a session of its own, so that a Ctrl-C, which the terminal sends to a whole
 * process group, reaches this process only. Each signal then comes to the child exactly once,
 * from here: for the balancer a second one means "end at once". The IPC channel tells the child
 * when this process has died without a chance to pass anything on (SIGKILL).
 */
const { spawn } = require('child_process');

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR2'];

/**
 * Answers the child. `echoMs`: the same signal again within that time is the echo of one keystroke and counts once.
 * `npm` needs that: it passes on a SIGINT that the terminal has already sent to everybody.
 */
module.exports = function spawnRuntime(command, argv, echoMs) {
  const child = spawn(command, argv, { stdio: ['inherit', 'inherit', 'inherit', 'ipc'], detached: true });
  const lastMs = {};
  SIGNALS.forEach((signal) => {
    process.on(signal, () => {
      const nowMs = Date.now();
      const isEcho = nowMs - (lastMs[signal] || 0) < (echoMs || 0);
      lastMs[signal] = nowMs;
      if (!isEcho) child.kill(signal);
    });
  });
  child.on('error', (error) => {
    process.stderr.write(`ballast: cannot start ${command}: ${error.message}\n`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code);
    // End in the same way, so that the caller sees the same.
    SIGNALS.forEach((name) => process.removeAllListeners(name));
    process.kill(process.pid, signal);
  });
  return child;
};
