/**
 * The process of a signing backend: started by `ChaosBackend` with its name, port and log file.
 * A line is in the kernel's hands before the request is answered, so that a SIGKILL loses none.
 */
import { openSync, writeSync } from 'node:fs';
import { signingServer } from './signing-backend.ts';

const {
  SERVER_NAME = '',
  SERVER_PORT = '0',
  LOG_FILE = '',
  KEEP_ALIVE_MS = '60000',
  EXTRA_DELAY_MS = '0',
} = process.env;

const file = openSync(LOG_FILE, 'a');
const server = signingServer(SERVER_NAME, (record) => writeSync(file, `${JSON.stringify(record)}\n`), {
  keepAliveMs: Number(KEEP_ALIVE_MS),
  extraDelayMs: Number(EXTRA_DELAY_MS),
});
server.listen(Number(SERVER_PORT), '127.0.0.1', () => process.send?.('listening'));
process.on('SIGTERM', () => {
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});
// Whoever started it is gone.
process.on('disconnect', () => process.exit(1));
process.channel?.unref();
