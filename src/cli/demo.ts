/** `ballast demo`: the whole thing at once, to look at. */
import { Command } from 'commander';
import { enterDemo } from './demo-file.ts';

const HELP = `
Environment:
  PROXY_PORT       port of the balancer (8080)
  DASHBOARD_PORT   port of the dashboard (8090)
  BACKEND_SERVERS  backend URLs, separated by commas, in place of the demo's own
  BALLAST_ADMIN_TOKEN  the token that the admin API asks for`;

export function demoCommand(): Command {
  return new Command('demo')
    .description('Run three backends, the balancer, some traffic and the dashboard, all on this machine.')
    .addHelpText('after', HELP)
    .action(() => enterDemo('fleet'));
}
