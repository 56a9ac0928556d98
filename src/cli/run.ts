/**
 * `ballast run -c FILE`: runs the balancer that a config file describes.
 */
import { Command } from 'commander';
import { formatDiagnostic, loadConfigFile } from '../config/load.ts';
import { EXIT } from './exit-codes.ts';
import { type LogLevel, logLevelOption } from './log-level.ts';

const HELP = `
Signals:
  SIGTERM, SIGINT  stop accepting, finish what is in flight, exit 0; a second one ends at once
  SIGHUP           check the file, then reload it; the old config stays where it has errors
  SIGUSR2          restart without loss: check the file, start the program as it is on disk now, hand
                   the ports over to it, finish what is in flight, exit 0; where the new process
                   does not come up, this one goes on

With --watch the file is looked at twice a second and reloaded once it has come to rest with
another text. Write it under another name and rename it: then it is never seen half-written.`;

export function runCommand(): Command {
  return new Command('run')
    .description('Run the balancer that a config file describes.')
    .requiredOption('-c, --config <file>', 'YAML or JSON')
    .option('--watch', 'reload the file by itself when it has changed and is valid')
    .option('--pid-file <file>', 'keep the number of the process that serves in this file')
    .addOption(logLevelOption())
    .addHelpText('after', HELP)
    .action(async (options: RunOptions) => {
      process.exitCode = await run(options);
      // Nothing may hold the process once the balancer has ended.
      process.exit();
    });
}

interface RunOptions {
  readonly config: string;
  readonly watch?: true;
  readonly pidFile?: string;
  readonly logLevel: LogLevel;
}

async function run({ config: path, watch, pidFile, logLevel }: RunOptions): Promise<number> {
  const result = loadConfigFile(path, process.env);
  if (!result.ok) {
    for (const finding of result.diagnostics) process.stderr.write(`${formatDiagnostic(finding)}\n`);
    return EXIT.CONFIG_INVALID;
  }
  for (const warning of result.warnings) process.stderr.write(`${formatDiagnostic(warning)}\n`);
  // The balancer is loaded only where one runs: `--help` and `check` answer at once.
  const { serve } = await import('./serve.ts');
  return serve(result.config, {
    logLevel,
    pidFile: pidFile ?? null,
    configFile: { path, hash: result.sourceHash, text: result.text, isWatched: watch === true },
    remedyFor: (setting) => `change ${setting}.address in ${path}`,
  });
}
