/**
 * Makes dist/assets: the files of the API pages, compressed. Each has a digest of its content in its name, so browsers may cache it
 * forever. The pages load nothing from other servers.
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';

const here = dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);
const from = (name) => dirname(require.resolve(`${name}/package.json`));

const SWAGGER = from('swagger-ui-dist');
const REDOC = from('redoc');
/*
 * GraphiQL 4, not the newest: from version 5 on its editor is Monaco, and its files are five times as large, with workers. Version 4
 * ends with one script, for React 18.
 */
const GRAPHIQL = from('graphiql');
const REACT = from('react');
const REACT_DOM = from('react-dom');

/** Redoc loads a logo from its maker's server. It is replaced by an empty image. */
function withoutLogo(text) {
  const [before, after, ...more] = text.split('https://cdn.redoc.ly/redoc/logo-mini.svg');
  if (after === undefined || more.length > 0) throw new Error('Redoc has changed: check from where it loads its logo');
  return `${before}data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7${after}`;
}

/** GraphiQL's styles without its fonts, which are nine tenths of them. The page names fonts of the system in their place. */
const withoutFonts = (text) => text.replace(/@font-face\s*\{[^}]*\}/g, '');

const SOURCES = {
  'swagger-ui-bundle.js': () => readFile(join(SWAGGER, 'swagger-ui-bundle.js'), 'utf8'),
  'swagger-ui.css': () => readFile(join(SWAGGER, 'swagger-ui.css'), 'utf8'),
  'redoc.standalone.js': async () => withoutLogo(await readFile(join(REDOC, 'bundles/redoc.standalone.js'), 'utf8')),
  'docs.js': () => readFile(join(here, 'pages/docs.js'), 'utf8'),
  'redoc.js': () => readFile(join(here, 'pages/redoc.js'), 'utf8'),
  'react.js': () => readFile(join(REACT, 'umd/react.production.min.js'), 'utf8'),
  'react-dom.js': () => readFile(join(REACT_DOM, 'umd/react-dom.production.min.js'), 'utf8'),
  'graphiql.js': () => readFile(join(GRAPHIQL, 'graphiql.min.js'), 'utf8'),
  'graphiql.css': async () => withoutFonts(await readFile(join(GRAPHIQL, 'graphiql.min.css'), 'utf8')),
  'graphiql-page.js': () => readFile(join(here, 'pages/graphiql-page.js'), 'utf8'),
  'graphiql-page.css': () => readFile(join(here, 'pages/graphiql-page.css'), 'utf8'),
};

const LICENSES = [
  ['Swagger UI', join(SWAGGER, 'LICENSE')],
  ['Swagger UI, notice', join(SWAGGER, 'NOTICE')],
  ['Swagger UI, bundled libraries', join(SWAGGER, 'swagger-ui-bundle.js.LICENSE.txt')],
  ['Redoc', join(REDOC, 'LICENSE')],
  ['Redoc, bundled libraries', join(REDOC, 'bundles/redoc.standalone.js.LICENSE.txt')],
  ['GraphiQL', join(GRAPHIQL, 'LICENSE')],
  ['GraphiQL, bundled libraries', join(here, 'pages/graphiql-licenses.txt')],
  ['React', join(REACT, 'LICENSE')],
  ['React DOM', join(REACT_DOM, 'LICENSE')],
];

/** The assets: contents by name. */
export async function makeAssets() {
  const files = new Map();
  const urls = new Map();
  for (const [name, read] of Object.entries(SOURCES)) {
    // The source maps are not shipped.
    const text = (await read()).replace(/\n(\/\/# sourceMappingURL=.*|\/\*# sourceMappingURL=.*\*\/)\s*$/, '\n');
    const digest = createHash('sha256').update(text).digest('hex').slice(0, 12);
    const type = extname(name);
    const named = `${name.slice(0, -type.length)}.${digest}${type}`;
    files.set(`${named}.gz`, gzipSync(text, { level: 9 }));
    urls.set(`{{${name}}}`, `docs/assets/${named}`);
  }
  for (const page of ['docs.html', 'redoc.html', 'graphiql.html']) {
    const text = await readFile(join(here, 'pages', page), 'utf8');
    files.set(
      page,
      text.replace(/\{\{.*?\}\}/g, (name) => urls.get(name) ?? name),
    );
  }
  const licenses = await Promise.all(
    LICENSES.map(async ([title, file]) => `${title}\n${'='.repeat(title.length)}\n\n${(await readFile(file, 'utf8')).trim()}\n`),
  );
  files.set('LICENSES.txt', licenses.join('\n\n'));

  return files;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const folder = join(here, 'dist/assets');
  const files = await makeAssets();
  await mkdir(folder, { recursive: true });
  for (const [name, contents] of files) await writeFile(join(folder, name), contents);
  // Old files are removed last, so that a running server always finds its assets.
  for (const name of await readdir(folder)) if (!files.has(name)) await rm(join(folder, name));
}
