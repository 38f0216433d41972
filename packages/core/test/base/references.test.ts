import { isReference, misspelledReference, referenceParts, wholeReference } from '../../src/base/references.js';

describe('references to secrets', () => {
  it.each([
    ['env:API_KEY', { scheme: 'env', name: 'API_KEY' }],
    ['file:keys/api.key', { scheme: 'file', name: 'keys/api.key' }],
    ['file:/run/secrets/key', { scheme: 'file', name: '/run/secrets/key' }],
    ['ssm:/shop/db', { scheme: 'ssm', name: '/shop/db' }],
    [
      'secretsmanager:arn:aws:secretsmanager:eu-central-1:1:secret:x-y',
      { scheme: 'secretsmanager', name: 'arn:aws:secretsmanager:eu-central-1:1:secret:x-y' },
    ],
  ])('are a whole text: %s', (text, reference) => {
    expect(wholeReference(text)).toEqual(reference);
    expect(referenceParts(text)).toEqual([reference]);
    expect(isReference(text)).toBe(true);
  });

  it.each(['env:', 'env: X', 'env:my-key', 'ENV:X', ' env:X', 'file:///etc/hosts', 'file:${env:X}/y', 'ssm:a b', 'x env:X', ''])(
    'are not: %j',
    (text) => {
      expect(wholeReference(text)).toBeUndefined();
      expect(isReference(text)).toBe(false);
    },
  );

  it('are inside of a text, or escaped', () => {
    expect(referenceParts('a ${env:X} b ${ssm:/y}')).toEqual([
      'a ',
      { scheme: 'env', name: 'X' },
      ' b ',
      { scheme: 'ssm', name: '/y' },
    ]);
    expect(referenceParts('$${env:X}')).toEqual(['${env:X}']);
    expect(referenceParts('\\env:X')).toEqual(['env:X']);
    expect(referenceParts('\\\\env:X')).toEqual(['\\env:X']);
    expect(referenceParts('\\env: X')).toEqual(['\\env: X']);
    expect(referenceParts('')).toEqual(['']);
    expect([isReference('${file:a b}'), isReference('$${env:X}'), isReference('\\env:X'), isReference('a${env:X}')]).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });

  it.each([
    ['ssm :/shop/db', 'ssm:NAME'],
    ['SSM:/shop/db', 'ssm:NAME'],
    ['secretmanager:db', 'secretsmanager:NAME'],
    ['secrets-manager:db', 'secretsmanager:NAME'],
    ['env: API_KEY', 'env:NAME'],
    ['Env:API_KEY', 'env:NAME'],
    ['file : keys/api.key', 'file:PATH'],
    ['${secretmanager:db}', '${secretsmanager:NAME}'],
    ['postgres://${ env:X }@db', '${env:NAME}'],
  ])('are probably meant by %j', (text, form) => expect(misspelledReference(text)).toBe(form));

  it.each([
    'env:API_KEY',
    '${env:X}',
    '\\env:X',
    'https://example.com',
    'file:///etc/hosts',
    'mailto:ann@example.com',
    'ssh:key',
    'tile:7',
    'host:8080',
    'secret level: high and more',
    '${HOME}',
    '${user:name}',
  ])('are not meant by %j', (text) => expect(misspelledReference(text)).toBeUndefined());
});
