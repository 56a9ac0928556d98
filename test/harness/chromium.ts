/** Finds a Chromium for tests and starts it with the switches that a test needs. */
import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const SYSTEM_PATH = '/usr/bin/chromium';

const SWITCHES = [
  '--headless',
  '--no-sandbox',
  // The packaged browser brings no zygote that it could start its renderers from.
  '--no-zygote',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** The program: `CHROMIUM_PATH`, else the system's, else the one that comes as an npm package. */
export async function findChromium(env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const named = env['CHROMIUM_PATH'];
  if (named !== undefined && named !== '') {
    if (!existsSync(named)) throw new Error(`CHROMIUM_PATH names no file: ${named}`);
    return named;
  }
  if (existsSync(SYSTEM_PATH)) return SYSTEM_PATH;
  const { default: packaged } = await import('@sparticuz/chromium');
  return packaged.executablePath();
}

/** Starts it; the caller closes it. */
export async function launchChromium(extraSwitches: readonly string[] = []): Promise<Browser> {
  // In the locale C the packaged browser says that its language is `en-US@posix`, which is none.
  const env = { ...process.env, LANG: 'en_US.UTF-8' };
  return chromium.launch({ executablePath: await findChromium(), args: [...SWITCHES, ...extraSwitches], env });
}
