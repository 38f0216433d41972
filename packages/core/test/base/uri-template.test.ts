import fc from 'fast-check';

import { normalUri } from '../../src/base/uri.js';
import { compileUriTemplate } from '../../src/base/uri-template.js';

const match = (template: string, uri: string): Record<string, string> | undefined => compileUriTemplate(template).match(uri);

const UNRESERVED = /[A-Za-z0-9\-._~]/;
const RESERVED = /[:/?#[\]@!$&'()*+,;=]/;

const FORMS: Record<string, { first: string; separator: string; named: boolean; allow: RegExp[] }> = {
  '': { first: '', separator: ',', named: false, allow: [UNRESERVED] },
  '+': { first: '', separator: ',', named: false, allow: [UNRESERVED, RESERVED] },
  '#': { first: '#', separator: ',', named: false, allow: [UNRESERVED, RESERVED] },
  '.': { first: '.', separator: '.', named: false, allow: [UNRESERVED] },
  '/': { first: '/', separator: '/', named: false, allow: [UNRESERVED] },
  ';': { first: ';', separator: ';', named: true, allow: [UNRESERVED] },
  '?': { first: '?', separator: '&', named: true, allow: [UNRESERVED] },
  '&': { first: '&', separator: '&', named: true, allow: [UNRESERVED] },
};

/** Expands one expression with string values, by RFC 6570, section 3.2. */
function expand(operator: string, names: readonly string[], values: Readonly<Record<string, string>>): string {
  const { first, separator, named, allow } = FORMS[operator]!;
  const encoded = (text: string): string =>
    [...text].map((character) => (allow.some((set) => set.test(character)) ? character : percent(character))).join('');
  const parts = names
    .filter((name) => values[name] !== undefined)
    .map((name) => {
      const value = encoded(values[name]!);
      if (!named) return value;
      return value === '' && operator === ';' ? name : `${name}=${value}`;
    });
  return parts.length === 0 ? '' : first + parts.join(separator);
}

const percent = (character: string): string =>
  [...Buffer.from(character, 'utf8')].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');

describe('matching URIs with a template', () => {
  // RFC 6570, section 1.2 and 3.2: the expansions that a single reading leads back from.
  it.each<[string, string, Record<string, string>]>([
    ['{var}', 'value', { var: 'value' }],
    ['{hello}', 'Hello%20World%21', { hello: 'Hello World!' }],
    ['{+path}/here', '/foo/bar/here', { path: '/foo/bar' }],
    ['here?ref={+path}', 'here?ref=/foo/bar', { path: '/foo/bar' }],
    ['X{#var}', 'X#value', { var: 'value' }],
    ['X{#hello}', 'X#Hello%20World!', { hello: 'Hello World!' }],
    ['map?{x,y}', 'map?1024,768', { x: '1024', y: '768' }],
    ['{x,hello,y}', '1024,Hello%20World%21,768', { x: '1024', hello: 'Hello World!', y: '768' }],
    ['X{.var}', 'X.value', { var: 'value' }],
    ['X{.x,y}', 'X.1024.768', { x: '1024', y: '768' }],
    ['{/var}', '/value', { var: 'value' }],
    ['{/var,x}/here', '/value/1024/here', { var: 'value', x: '1024' }],
    ['{/list*}', '/red/green/blue', { list: 'red/green/blue' }],
    ['{;x,y}', ';x=1024;y=768', { x: '1024', y: '768' }],
    ['{;x,y,empty}', ';x=1024;y=768;empty', { x: '1024', y: '768', empty: '' }],
    ['{?x,y}', '?x=1024&y=768', { x: '1024', y: '768' }],
    ['{?x,y,empty}', '?x=1024&y=768&empty=', { x: '1024', y: '768', empty: '' }],
    ['?fixed=yes{&x}', '?fixed=yes&x=1024', { x: '1024' }],
    ['{var:30}', 'value', { var: 'value' }],
    ['users://{id}/posts/{post}', 'users://7/posts/a%20b', { id: '7', post: 'a b' }],
    ['file:///{+path}', 'file:///a/b.txt', { path: 'a/b.txt' }],
    ['a.b+c://{x}', 'a.b+c://1', { x: '1' }],
  ])('finds variables: %s matches %s', (template, uri, variables) => expect(match(template, uri)).toEqual(variables));

  it.each([
    ['users://{id}', 'users://'],
    ['users://{id}', 'users://7/posts'],
    ['users://{id}', 'users://7?x=1'],
    ['users://{id}/posts', 'users://7/posts/'],
    ['a.b://{x}', 'aXb://1'],
    ['x?fixed=yes{&a}', 'x?a=1'],
    ['x{?a}', 'x#f'],
    ['x{?a}', 'xy?a=1'],
    ['x{;a,b}', 'x?b=2'],
    ['x{?a}', 'x?a=%zz'],
    ['x{?a}', 'x?a=%ff'],
    ['{x,y}', ''],
    ['x://a/{+p}', 'x://a'],
  ])('finds nothing: %s does not match %s', (template, uri) => expect(match(template, uri)).toBeUndefined());

  it.each<[string, Record<string, string>]>([
    ['search', {}],
    ['search?q=a', { q: 'a' }],
    ['search?page=2', { page: '2' }],
    ['search?q=a&page=2', { q: 'a', page: '2' }],
    ['search?q=', { q: '' }],
    ['search?q', { q: '' }],
    ['search?q=a?b/c', { q: 'a?b/c' }],
  ])('allows leaving out variables of a query: %s', (uri, variables) => expect(match('search{?q,page}', uri)).toEqual(variables));

  it.each<[string, string, Record<string, string>]>([
    ['file:///docs/café/{name}', 'file:///docs/caf%C3%A9/a', { name: 'a' }],
    ['file:///docs/caf%C3%A9/{name}', 'file:///docs/café/a', { name: 'a' }],
    ['x:/%7euser/{a}', 'x:/~user/1', { a: '1' }],
    ['acme://products{?page,limit}', 'acme://products?limit=5&page=1', { page: '1', limit: '5' }],
    ['acme://products{?page,limit}', 'acme://products?page=1&x=1', { page: '1' }],
    ['acme://products{?page,limit}', 'acme://products?x=1', {}],
    ['acme://products{?page,limit}', 'acme://products?', {}],
    ['acme://products?kind=a{&page}', 'acme://products?page=1&kind=a', { page: '1' }],
    ['acme://products{?ids*}', 'acme://products?ids=1&ids=2', { ids: '1,2' }],
    ['acme://products{?a}{#part}', 'acme://products?a=1#x', { a: '1', part: 'x' }],
    ['acme://products{?a}{#part}', 'acme://products#x', { part: 'x' }],
    ['acme://{+path}{?q}', 'acme://a/b?q=1', { path: 'a/b', q: '1' }],
    ['feeds://feed/{+path}', 'feeds://feed/a?limit=10', { path: 'a?limit=10' }],
    ['feeds://feed/{+path}', 'feeds://feed/a#b', { path: 'a#b' }],
    ['repo://{owner}/{repo}/contents{/path*}', 'repo://o/r/contents', { owner: 'o', repo: 'r' }],
    ['repo://{owner}/{repo}/contents{/path*}', 'repo://o/r/contents/a/b.py', { owner: 'o', repo: 'r', path: 'a/b.py' }],
    ['d://f{.ext}', 'd://f', {}],
    ['d://f{.ext}', 'd://f.md', { ext: 'md' }],
    ['h://p{#part}', 'h://p', {}],
    ['x{/a,b}', 'x/1', { a: '1' }],
    ['{x,y}', '1', { x: '1' }],
    ['docs://{path*}', 'docs://a/b', { path: 'a/b' }],
    ['KBInfo://Topic/{a}', 'kbinfo://topic/A', { a: 'A' }],
    ['repo://{owner}/x', 'REPO://Alice/x', { owner: 'Alice' }],
    ['x://a/{b}', 'x://a/c/../d', { b: 'd' }],
    ['https://{host}', 'https://example.com/', { host: 'example.com' }],
    ['https://{host}/', 'https://example.com', { host: 'example.com' }],
    ['https://example.com{?q}', 'https://example.com/?q=1', { q: '1' }],
  ])('matches what clients make of an expansion: %s and %s', (template, uri, variables) =>
    expect(match(template, uri)).toEqual(variables),
  );

  it('lists the names of the variables in order', () => {
    expect(compileUriTemplate('{a}/{+b}{/c*}{?d,e:3}{&f}').variables).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
    expect(compileUriTemplate('plain://x').variables).toEqual([]);
  });

  it('reads a brace without a matching one literally', () => {
    expect(match('x{y', 'x{y')).toEqual({});
    expect(match('x}{}{y}', 'x}{}1')).toEqual({ y: '1' });
  });

  it('finds the variables of any expansion', () => {
    const name = fc.constantFrom('a', 'b', 'c', 'd_1', 'e.f');
    const text = (operator: string): fc.Arbitrary<string> =>
      fc.string({ unit: 'grapheme', minLength: operator in { ';': 1, '?': 1, '&': 1 } ? 0 : 1, maxLength: 8 }).filter((value) => {
        // What is not encoded here would be read as a separator.
        if ((operator === '+' || operator === '#') && /[,?#/]/.test(value)) return false;
        // A segment `.` or `..` is removed from a path: RFC 3986, section 5.2.4.
        if (value === '.' || value === '..') return false;
        return operator !== '.' || !value.includes('.');
      });
    const segment = fc.constantFrom(...Object.keys(FORMS)).chain((operator) =>
      fc.uniqueArray(name, { minLength: 1, maxLength: 3 }).chain((names) =>
        fc.record({
          operator: fc.constant(operator),
          names: fc.constant(names),
          values: fc.record(Object.fromEntries(names.map((one) => [one, text(operator)])), {
            requiredKeys: FORMS[operator]!.named ? [] : names,
          }),
        }),
      ),
    );
    fc.assert(
      fc.property(segment, fc.constantFrom('', 'x://y', 'x://y/'), ({ operator, names, values }, before) => {
        const template = `${before}{${operator}${names.join(',')}}`;
        const uri = before + expand(operator, names, values as Record<string, string>);
        expect(match(template, uri)).toEqual({ ...values });
      }),
      { numRuns: 500 },
    );
  });

  it('refuses URIs of more than 8,192 characters', () => {
    expect(match('x:{+a}', `x:${'a'.repeat(8_190)}`)).toEqual({ a: 'a'.repeat(8_190) });
    expect(match('x:{+a}', `x:${'a'.repeat(8_191)}`)).toBeUndefined();
  });

  it.each(['x:{+a}/{+b}/{+c}/{+d}', 'x:{a}{b}{c}{d}', 'x:{/a*}{/b*}{/c*}{/d*}', 'x:{+a}{?b,c,d}{&e,f,g}'])(
    'takes linear time for hostile URIs: %s',
    (template) => {
      const matcher = compileUriTemplate(template);
      const began = performance.now();
      for (const filler of ['/', 'a', '?b', '&b=']) {
        matcher.match(`x:${filler.repeat(8_180 / filler.length)}#`);
        matcher.match(`x:${filler.repeat(8_180 / filler.length)}`);
      }
      // Linear: some milliseconds. A regular expression would take minutes for the first three.
      expect(performance.now() - began).toBeLessThan(20_000);
    },
  );

  it('compares a URI in normal form with many templates', () => {
    const normal = normalUri(`x://a/${'b'.repeat(8_000)}`)!;
    const matchers = Array.from({ length: 200 }, (_, i) => compileUriTemplate(`x://a/{v}/${i}`));
    expect(matchers.map(({ matchNormal }) => matchNormal(normal))).toEqual(matchers.map(() => undefined));
  });
});
