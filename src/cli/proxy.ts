/**
 * `ballast proxy`: a balancer for a few backends, described by flags and environment alone.
 */
import { Command } from 'commander';
import { POLICIES } from '../balancing/policies.ts';
import { configFromFlags } from '../config/build.ts';
import { formatDiagnostic } from '../config/load.ts';
import { readEnvironment } from './environment.ts';
import { EXIT, UsageError } from './exit-codes.ts';
import { type LogLevel, logLevelOption } from './log-level.ts';

const DEFAULT_PORT = 8080;

const HELP = `
Environment, where the flag is not given:
  PROXY_PORT           port to listen on, on every address (${DEFAULT_PORT})
  BACKEND_SERVERS      backend URLs, separated by commas
  DASHBOARD_PORT       port of the dashboard and admin API, on 127.0.0.1
  BALLAST_ADMIN_TOKEN  the token that the admin API asks for

Example:
  ballast proxy --listen :8080 --to http://127.0.0.1:8081 --to http://127.0.0.1:8082`;

interface Flags {
  readonly listen?: string;
  readonly to?: readonly string[];
  readonly policy?: string;
  readonly admin?: string;
  readonly logLevel: LogLevel;
}

export function proxyCommand(): Command {
  const policies = POLICIES.map((policy) => policy.name).join(', ');
  return new Command('proxy')
    .description('Run a balancer in front of a few backends, without a config file.')
    .option('--listen <address>', 'address to accept clients on, such as :8080 or 127.0.0.1:8080')
    .option('--to <url>', 'a backend, such as http://127.0.0.1:8081; once for each', collect)
    .option('--policy <name>', `how to choose a backend: ${policies}`)
    .option('--admin <address>', 'address of the dashboard and admin API, such as 127.0.0.1:8090')
    .addOption(logLevelOption())
    .addHelpText('after', HELP)
    .action(async (flags: Flags) => {
      process.exitCode = await proxy(flags);
      process.exit();
    });
}

function collect(url: string, urls: readonly string[] = []): string[] {
  return [...urls, url];
}

async function proxy(flags: Flags): Promise<number> {
  const env = readEnvironment(process.env);
  const to = flags.to ?? env.backendServers;
  if (to.length === 0) throw new UsageError('no backend: give --to URL, or set BACKEND_SERVERS');
  const adminAddress = flags.admin ?? (env.dashboardPort === null ? undefined : `127.0.0.1:${env.dashboardPort}`);
  const result = configFromFlags({
    listen: flags.listen ?? `:${env.proxyPort ?? DEFAULT_PORT}`,
    to,
    ...(flags.policy === undefined ? {} : { policy: flags.policy }),
    ...(adminAddress === undefined ? {} : { adminAddress }),
    ...(env.adminToken === null ? {} : { adminToken: env.adminToken }),
  });
  if (!result.ok) {
    for (const finding of result.diagnostics) process.stderr.write(`${formatDiagnostic(finding)}\n`);
    return EXIT.USAGE;
  }
  const { serve } = await import('./serve.ts');
  return serve(result.config, {
    logLevel: flags.logLevel,
    pidFile: null,
    configFile: null,
    remedyFor: (setting) =>
      setting === 'admin'
        ? 'use --admin or DASHBOARD_PORT for another one'
        : 'use --listen or PROXY_PORT for another one',
  });
}
