/** `ballast backend`: one demo backend, to balance over. */
import { Command } from 'commander';
import { enterDemo } from './demo-file.ts';

const HELP = `
Environment:
  SERVER_PORT  port to listen on (8081)
  SERVER_NAME  the name that it answers with (backend-PORT)
  DELAY_MS     wait before each answer, milliseconds (0)
  JITTER_MS    up to that much more, milliseconds (0)
  ERROR_RATE   share of answers that are a 500, 0 to 1 (0)

It answers / /healthz /readyz /metrics, and takes
  POST /admin/ready/   {"ready": false}                    to fail its health checks
  POST /admin/dials    {"delayMs": 50, "errorRate": 0.1}   to be slow or faulty`;

export function backendCommand(): Command {
  return new Command('backend')
    .description('Run one demo backend.')
    .addHelpText('after', HELP)
    .action(() => enterDemo('backend'));
}
