/**
 * Preloaded into a balancer by `NODE_OPTIONS=--import`, it collects the garbage of every thread
 * once a second, so that the memory of the process is what is in use and not what may be freed.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const EVERY_MS = 1_000;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
setInterval(collect, EVERY_MS).unref();
