'use strict';
/*
 * Leaves the messages of zod in forty languages unloaded: they are 6 MB and 45 ms of every start,
 * and Ballast writes its own. The package has no entry without them, so the list of languages is
 * resolved to the one that zod itself sets. Where a Node has no such hooks, all are loaded as ever.
 */
const { registerHooks } = require('node:module');

const ALL = '/zod/v4/locales/index.js';
const ONE = '/zod/v4/locales/en.js';

module.exports = function leaveLanguagesOut() {
  if (registerHooks === undefined) return;
  registerHooks({
    resolve(specifier, context, nextResolve) {
      const found = nextResolve(specifier, context);
      if (!found.url.endsWith(ALL)) return found;
      return { ...found, url: found.url.slice(0, -ALL.length) + ONE };
    },
  });
};
