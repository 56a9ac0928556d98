/**
 * The program as a few files of plain JavaScript: what `package.mjs` publishes.
 *
 * Node strips no types inside node_modules, so something has to be compiled; and of a start from
 * 400 modules half is finding, reading and linking them. In one folder, with the packages that it
 * uses, the program gives its first answer after 0.52 of the processor time that a checkout takes
 * (with the packages beside it 0.7), and has 21 MB less in memory. Nothing is minified and every
 * function keeps its name, so that a stack trace can be read.
 */
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { build } from 'vite';

/** The files that are entered, or started as a thread or process, by their URL. */
const ENTRIES = [
  'src/cli/main.ts',
  'src/data-plane/worker.ts',
  'src/control-plane/reload/check-process.ts',
  'demo/fleet.ts',
  'demo/backend.ts',
  'demo/traffic.ts',
];

/**
 * Writes the program and the licenses of the packages in it into `out`, a folder of the package.
 * @param {string} root
 * @param {string} out
 */
export async function bundle(root, out) {
  await build({
    root,
    configFile: false,
    publicDir: false,
    logLevel: 'warn',
    plugins: [ownPlaces(root), oneLanguage(), builtinsAsTheyAre()],
    ssr: { noExternal: true },
    build: {
      ssr: true,
      outDir: out,
      emptyOutDir: true,
      target: 'node24',
      minify: false,
      license: { fileName: 'licenses.md' },
      rolldownOptions: {
        input: Object.fromEntries(ENTRIES.map((file) => [nameOf(file), join(root, file)])),
        output: { entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js', keepNames: true },
      },
    },
  });
}

const OWN_PLACE = /new URL\(\s*'([^']+)',\s*import\.meta\.url\s*,?\s*\)/g;

/** @param {string} file */
const nameOf = (file) => basename(file, '.ts');

/**
 * A source finds other files by its own place; the whole program is in one folder in the end.
 * @param {string} root
 * @returns {import('vite').Plugin}
 */
function ownPlaces(root) {
  return {
    name: 'own-places',
    // Before types are stripped: then the text is the one that is known here.
    enforce: 'pre',
    transform(code, id) {
      if (!id.startsWith(root) || id.includes(`${sep}node_modules${sep}`)) return null;
      if (code.replace(OWN_PLACE, '').includes('import.meta.url')) {
        this.error(`${id}: a file is named as new URL('…', import.meta.url), or it is not found in the package`);
      }
      return code.replace(OWN_PLACE, (_, target) => {
        const file = relative(root, resolve(dirname(id), target))
          .split(sep)
          .join('/');
        if (file.endsWith('.ts') && !ENTRIES.includes(file)) this.error(`${id}: ${file} is no entry of the program`);
        const place = file.endsWith('.ts') ? `./${nameOf(file)}.js` : `../${file}`;
        return `new URL('${place}', import.meta.url)`;
      });
    },
  };
}

/**
 * The messages of zod in one language: see `bin/lean-modules.js`.
 * @returns {import('vite').Plugin}
 */
function oneLanguage() {
  return {
    name: 'one-language',
    load(id) {
      if (!id.endsWith('/zod/v4/locales/index.js')) return null;
      return "export { default as en } from './en.js';";
    },
  };
}

/**
 * An `import` of one of Node's modules evaluates everything that it exports, also what Node itself
 * loads on first use: the streams and promises of files, web cryptography, fetch. That is 20 ms of
 * CPU time of a start. Asked for in this way, only what is used is loaded.
 * @returns {import('vite').Plugin}
 */
function builtinsAsTheyAre() {
  const statement = /^import (?:\* as (\w+)|(\w+)?(?:, )?(?:\{([^}]*)\})?) from "(node:[\w/]+)";$/gm;
  return {
    name: 'builtins-as-they-are',
    renderChunk(code) {
      const asked = code.replace(statement, (_, all, one, some, name) => {
        const taken = `globalThis.process.getBuiltinModule("${name}")`;
        const whole = all ?? one;
        const parts = some === undefined ? '' : `const {${some.replaceAll(' as ', ': ')}} = ${taken};`;
        return `${whole === undefined ? '' : `const ${whole} = ${taken};`}${parts}`;
      });
      if (/^import\b.*"node:/m.test(asked)) this.error('one of the imports of built-in modules is of an unknown form');
      return { code: asked, map: null };
    },
  };
}
