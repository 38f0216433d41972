/** What the build makes of the console: small, and nothing in it that reaches for other servers. */
import { gunzipSync } from 'node:zlib';

// @ts-expect-error: a script without types
import { makeConsole as make } from '../build.mjs';

const makeConsole = make as () => Promise<Map<string, string | Buffer>>;
const MOST_BYTES = 150_000;

describe('the built console', () => {
  let files: Map<string, string | Buffer>;
  beforeAll(async () => {
    files = await makeConsole();
  });

  it('is one page, one script and one style sheet, of at most 150 KB compressed', () => {
    expect([...files.keys()].map((name) => name.replace(/\.[0-9a-f]{12}\./, '.')).sort()).toEqual([
      'LICENSES.txt',
      'console.css.gz',
      'console.html',
      'console.js.gz',
    ]);
    const bytes = [...files].filter(([name]) => name !== 'LICENSES.txt').reduce((sum, [, contents]) => sum + contents.length, 0);
    expect(bytes).toBeGreaterThan(10_000);
    expect(bytes).toBeLessThan(MOST_BYTES);
  });

  it('names no other server, and writes no HTML', () => {
    const script = gunzipSync([...files].find(([name]) => name.endsWith('.js.gz'))![1] as Buffer).toString();
    const urls = [...script.matchAll(/https?:\/\/[\w.]+/g)].map(([url]) => url);
    expect(new Set(urls)).toEqual(new Set(urls.filter((url) => url === 'http://www.w3.org'))); // names of SVG and MathML
    const page = String(files.get('console.html'));
    expect(page).not.toMatch(/style=|onclick|<style|https?:/);
    expect(page.match(/<script/g)).toHaveLength(1);
  });
});
