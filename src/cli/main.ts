/**
 * The command line: reads the arguments, runs the command, sets the exit code.
 *
 * Entered by `bin/ballast`. Data goes to stdout and talk to stderr. A command answers its exit
 * code; what it throws is a usage error with 2, or a failure with 1.
 */
import { Command, CommanderError } from 'commander';
import { packageVersion } from '../control-plane/version.ts';
import { EXIT, UsageError } from './exit-codes.ts';

/** In the order of the help. */
const COMMANDS: ReadonlyMap<string, () => Promise<Command>> = new Map([
  ['run', async () => (await import('./run.ts')).runCommand()],
  ['proxy', async () => (await import('./proxy.ts')).proxyCommand()],
  ['check', async () => (await import('./check.ts')).checkCommand()],
  ['explain', async () => (await import('./explain.ts')).explainCommand()],
  ['demo', async () => (await import('./demo.ts')).demoCommand()],
  ['backend', async () => (await import('./backend.ts')).backendCommand()],
]);

const EXIT_CODES_HELP = `
Exit codes: 0 done, 1 failed, 2 usage, 3 config invalid, 4 admin API unreachable.`;

/** Loads the command that is named alone; all of them for help, or to say what was meant. */
async function commandsFor(argv: readonly string[]): Promise<Command[]> {
  if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) return [];
  const named = COMMANDS.get(argv[0] ?? '');
  return named === undefined ? Promise.all([...COMMANDS.values()].map((load) => load())) : [await named()];
}

function buildProgram(commands: readonly Command[]): Command {
  const program = new Command('ballast')
    .description('An HTTP load balancer with a live dashboard.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .showHelpAfterError('(--help shows what there is)')
    .addHelpText('after', EXIT_CODES_HELP)
    .exitOverride();
  for (const command of commands) {
    // Settings are copied when a command is made by its parent; these are made on their own.
    program.addCommand(command.copyInheritedSettings(program));
  }
  return program;
}

async function main(argv: readonly string[]): Promise<void> {
  try {
    await buildProgram(await commandsFor(argv)).parseAsync(argv, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) {
      // Help and version that were asked for end with 0; help in place of a command does not.
      process.exitCode = error.exitCode === 0 ? EXIT.DONE : EXIT.USAGE;
    } else if (error instanceof UsageError) {
      process.stderr.write(`ballast: ${error.message}\n`);
      process.exitCode = EXIT.USAGE;
    } else {
      throw error;
    }
  }
}

await main(process.argv.slice(2));
