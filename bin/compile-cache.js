'use strict';
/*
 * Keeps compiled code from one run to the next, beside the packages that it belongs to: neither the
 * compiler nor, in a checkout, the type stripper has to be loaded again. Node stores it by the hash
 * of the source, when a process or a thread ends in order. Where the folder cannot be written,
 * everything is compiled as ever.
 */
const { enableCompileCache, constants } = require('node:module');
const path = require('node:path');

module.exports = function keepCompiledCode(root) {
  const { env } = process;
  if (enableCompileCache === undefined || env.NODE_COMPILE_CACHE || env.NODE_DISABLE_COMPILE_CACHE) return;
  const directory = path.join(root, 'node_modules', '.cache', 'ballast');
  const { status } = enableCompileCache(directory);
  // The threads and processes that it starts read it from there.
  if (status === constants.compileCacheStatus.ENABLED) env.NODE_COMPILE_CACHE = directory;
};
