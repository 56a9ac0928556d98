'use strict';
/*
 * Enters the program. A file of its own because `import()` is a syntax error in a Node too old to
 * know it; `bin/ballast` requires this file only after it has looked at the version.
 */
const { pathToFileURL } = require('node:url');

module.exports = function importMain(file) {
  import(pathToFileURL(file).href).catch((error) => {
    process.stderr.write(`ballast: ${error && error.stack ? error.stack : error}\n`);
    process.exit(1);
  });
};
