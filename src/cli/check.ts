/**
 * `ballast check FILE`: says everything that is wrong with a config file, and nothing else happens.
 *
 * The findings are the data of this command and go to stdout; the verdict goes to stderr.
 */
import { Command } from 'commander';
import { formatDiagnostic, loadConfigFile } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { EXIT } from './exit-codes.ts';

export function checkCommand(): Command {
  return new Command('check')
    .description('Check a config file and report every error in it.')
    .argument('<file>', 'YAML or JSON')
    .option('--json', 'print the findings as one JSON object')
    .action((file: string, options: { json?: true }) => {
      process.exitCode = check(file, options.json === true);
    });
}

function check(file: string, isJson: boolean): number {
  const result = loadConfigFile(file, process.env);
  const findings = result.ok ? result.warnings : result.diagnostics;
  const errors = findings.filter(({ severity }) => severity === 'error');
  const warnings = findings.filter(({ severity }) => severity === 'warning');
  if (isJson) {
    process.stdout.write(`${JSON.stringify({ file, ok: result.ok, errors, warnings }, null, 2)}\n`);
  } else {
    for (const finding of findings) process.stdout.write(`${formatDiagnostic(finding)}\n`);
  }
  const suffix = warnings.length > 0 ? `, ${count(warnings.length, 'warning')}` : '';
  process.stderr.write(`${file}: ${result.ok ? summary(result.config) : count(errors.length, 'error')}${suffix}\n`);
  return result.ok ? EXIT.DONE : EXIT.CONFIG_INVALID;
}

function summary(config: Config): string {
  const backends = config.pools.reduce((sum, pool) => sum + pool.backends.length, 0);
  const parts = [
    count(config.listeners.length, 'listener'),
    count(config.routes.length, 'route'),
    count(config.pools.length, 'pool'),
    count(backends, 'backend'),
  ];
  return `valid (${parts.join(', ')})`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
