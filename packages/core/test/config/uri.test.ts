import { Suggester } from '../../src/base/nearest.js';
import { readTemplate, uriProblem } from '../../src/config/uri-check.js';

describe('a URI', () => {
  it.each([
    'status://server',
    'file:///a/b%20c',
    'urn:isbn:123',
    'a+b.c-d:x',
    'https://example.com/?q=1#f',
    'http://[::1]/',
    'mailto:a@b.c',
  ])('%s is one', (uri) => {
    expect(uriProblem(uri)).toBeUndefined();
  });

  it.each([
    ['', /absolute URI, with a scheme/],
    ['a/b', /absolute URI, with a scheme/],
    ['//host/a', /absolute URI, with a scheme/],
    ['1a:b', /absolute URI, with a scheme/],
    ['status:', /nothing after its scheme/],
    ['x://a b', /holds a space/],
    ['x://ä', /holds "ä": write it percent-encoded/],
    ['x://\n', /the character U\+000A/],
    ['x://%zz', /written %25/],
    ['x://{a}', /templates go into resource_templates/],
    ['x://\ud800', /the character U\+D800/],
  ])('%j is none', (uri, problem) => {
    expect(uriProblem(uri)).toMatch(problem);
  });
});

describe('a URI template', () => {
  it.each([
    ['users://{id}', ['id']],
    ['users://{id}/posts/{post}', ['id', 'post']],
    ['x:{+path}{#frag}{.ext}{/seg,other}{;p}{?q,r*}{&s:10}', ['path', 'frag', 'ext', 'seg', 'other', 'p', 'q', 'r', 's']],
    ['x:{a.b_c%20}', ['a.b_c%20']],
    ['{+base}/x', ['base']],
  ])('%s has the variables %j', (template, variables) => {
    expect(readTemplate(template)).toEqual({ variables });
  });

  it.each([
    ['x:y', /no variables/],
    ['x:{a', /\{ without its \}: "\{a"/],
    ['x:a}', /\} without its \{/],
    ['x:{a}}', /\} without its \{/],
    ['x:{a{b}}', /\{ without its \}/],
    ['x:{}', /empty expression/],
    ['x:{?}', /bad variable name ""/],
    ['x:{a,}', /bad variable name ""/],
    ['x:{a-b}', /bad variable name "a-b"/],
    ['x:{a b}', /bad variable name "a b"/],
    ['x:{.}', /bad variable name/],
    ['x:{a:0}', /bad variable name "a:0"/],
    ['x:{a:10000}', /bad variable name/],
    ['x:{=a}', /RFC 6570 keeps for later/],
    ['x:{a}/{a}', /the variable "a" twice/],
    ['x:{a,a}', /the variable "a" twice/],
    ['x: {a}', /holds a space outside of braces/],
    ['x:%2/{a}', /written %25/],
    ['{a}', /must begin with a scheme/],
    ['/x/{a}', /must begin with a scheme/],
  ])('%s is malformed', (template, problem) => {
    expect(readTemplate(template).problem).toMatch(problem);
  });
});

describe('a suggestion', () => {
  const near = (wrong: string, ...known: string[]): string | undefined => new Suggester().nearest(wrong, known);

  it.each([
    ['descripton', 'description'],
    ['input_schema', 'inputSchema'],
    ['InputSchema', 'inputSchema'],
    ['mimetype', 'mimeType'],
    ['nmae', 'name'],
    ['resourceTemplates', 'resource_templates'],
    ['tool', 'tools'],
  ])('for %s is %s', (wrong, right) => {
    expect(near(wrong, 'title', 'uri', right, 'size')).toBe(right);
  });

  it('is the nearest of several', () => {
    expect(near('get_weathr', 'get_water', 'get_weather', 'set_weather')).toBe('get_weather');
  });

  it('is not made for a name like none of them', () => {
    expect([near('blubb', 'title', 'name'), near('', 'a'), near('x'.repeat(200), 'x'), near('ab', 'cd')]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });
});
