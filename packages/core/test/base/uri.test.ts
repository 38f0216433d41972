import { normalUri, uriKey } from '../../src/base/uri.js';

describe('the key of a URI', () => {
  it.each([
    ['KBInfo://summary', 'kbinfo://summary'],
    ['https://Example.COM/a', 'https://example.com/a'],
    ['https://example.com', 'https://example.com/'],
    ['https://example.com?x=1', 'https://example.com/?x=1'],
    ['x:/%7euser/%c3%a9', 'x:/~user/%C3%A9'],
    ['file:///docs/café', 'file:///docs/caf%C3%A9'],
    ['x://a/b/../c/./d', 'x://a/c/d'],
    ['x:/a/%2e%2e/b', 'x:/b'],
    ['x://a/../../b', 'x://a/b'],
    ['x:/a/b/..', 'x:/a/'],
  ])('is the same for %s and %s', (one, other) => expect(uriKey(one)).toBe(uriKey(other)));

  it.each([
    ['x://a/B', 'x://a/b'],
    ['x://a/b/', 'x://a/b'],
    ['x:/a%2Fb', 'x:/a/b'],
    ['x://a?b', 'x://a?B'],
    ['urn:a:B', 'urn:a:b'],
    ['x:/a?b/../c', 'x:/a?c'],
  ])('differs for %s and %s', (one, other) => expect(uriKey(one)).not.toBe(uriKey(other)));
});

describe('the normal form of a URI', () => {
  it('keeps the case of the host beside the folded text, which has the same length', () => {
    expect(normalUri('Users://Bob/%41')).toEqual({ text: 'Users://Bob/A', folded: 'users://bob/A' });
  });

  it('does not change text that is not a URI', () => {
    expect(normalUri('%zz')).toEqual({ text: '%zz', folded: '%zz' });
    expect(normalUri('')).toEqual({ text: '', folded: '' });
    expect(normalUri('x:\ud800')?.text).toBe('x:%EF%BF%BD');
  });

  it('does not exist for very long texts', () => {
    expect(normalUri(`x:${'a'.repeat(8_191)}`)).toBeUndefined();
  });
});
