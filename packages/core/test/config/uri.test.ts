import { Suggester } from '../../src/base/nearest.js';
import { nonAscii, readTemplate, uriProblem } from '../../src/config/uri-check.js';

describe('the check of a URI', () => {
  it.each([
    'status://server',
    'file:///a/b%20c',
    'urn:isbn:123',
    'a+b.c-d:x',
    'https://example.com/?q=1#f',
    'http://[::1]/',
    'mailto:a@b.c',
    'x://ä',
  ])('accepts %s', (uri) => {
    expect(uriProblem(uri)).toBeUndefined();
  });

  it.each([
    ['', /absolute URI with a scheme/],
    ['a/b', /absolute URI with a scheme/],
    ['//host/a', /absolute URI with a scheme/],
    ['1a:b', /absolute URI with a scheme/],
    ['status:', /nothing after the scheme/],
    ['x://a b', /contains a space/],
    ['x://\u00a0', /the character U\+00A0/],
    ['x://\n', /the character U\+000A/],
    ['x://%zz', /write a percent sign as %25/],
    ['x://{a}', /move templates to resource_templates/],
    ['x://\ud800', /the character U\+D800/],
  ])('refuses %j', (uri, problem) => {
    expect(uriProblem(uri)).toMatch(problem);
  });
});

it('letters of other alphabets are named with their percent-encoding, in URIs and in templates', () => {
  expect(nonAscii('file:///café')).toMatch(/contains "é", which is read as %C3%A9: percent-encode it/);
  expect(nonAscii('file:///caf%C3%A9')).toBeUndefined();
  expect(readTemplate('file:///café/{name}')).toEqual({ variables: ['name'] });
});

describe('reading a URI template', () => {
  it.each([
    ['users://{id}', ['id']],
    ['users://{id}/posts/{post}', ['id', 'post']],
    ['x:{+path}{#frag}{.ext}{/seg,other}{;p}{?q,r*}{&s:10}', ['path', 'frag', 'ext', 'seg', 'other', 'p', 'q', 'r', 's']],
    ['x:{a.b_c%20}', ['a.b_c%20']],
    ['{+base}/x', ['base']],
  ])('finds in %s the variables %j', (template, variables) => {
    expect(readTemplate(template)).toEqual({ variables });
  });

  it.each([
    ['x:y', /no variables/],
    ['x:{a', /\{ without a matching \}: "\{a"/],
    ['x:a}', /\} without a matching \{/],
    ['x:{a}}', /\} without a matching \{/],
    ['x:{a{b}}', /\{ without a matching \}/],
    ['x:{}', /empty expression/],
    ['x:{?}', /invalid variable name ""/],
    ['x:{a,}', /invalid variable name ""/],
    ['x:{a-b}', /invalid variable name "a-b"/],
    ['x:{a b}', /invalid variable name "a b"/],
    ['x:{.}', /invalid variable name/],
    ['x:{a:0}', /invalid variable name "a:0"/],
    ['x:{a:10000}', /invalid variable name/],
    ['x:{=a}', /RFC 6570 reserves/],
    ['x:{a}/{a}', /the variable "a" twice/],
    ['x:{a,a}', /the variable "a" twice/],
    ['x: {a}', /contains a space outside of braces/],
    ['x:%2/{a}', /write a percent sign as %25/],
    ['{a}', /must begin with a scheme/],
    ['/x/{a}', /must begin with a scheme/],
  ])('refuses %s', (template, problem) => {
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

  it('is missing for a name like none of them', () => {
    expect([near('blubb', 'title', 'name'), near('', 'a'), near('x'.repeat(200), 'x'), near('ab', 'cd')]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });
});
