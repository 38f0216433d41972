import { compileSchema } from '@mcp-daemon/core';

import { inputSchemaOf, readArgument, sampleOf } from '../../src/commands/add-arguments.js';

describe('an argument of a new tool', () => {
  it.each<[word: string, schema: object, isRequired: boolean]>([
    ['city', { type: 'string' }, false],
    ['city!', { type: 'string' }, true],
    ['city:string!', { type: 'string' }, true],
    ['days:integer=3', { type: 'integer', default: 3 }, false],
    ['on:boolean=false', { type: 'boolean', default: false }, false],
    ['zip:string=01234', { type: 'string', default: '01234' }, false],
    ['place="New York"', { type: 'string', default: 'New York' }, false],
    ['a:object={"b":1}', { type: 'object', default: { b: 1 } }, false],
    ['unit:celsius|fahrenheit!', { type: 'string', enum: ['celsius', 'fahrenheit'] }, true],
    ['unit:1|2=2', { type: 'string', enum: ['1', '2'], default: '2' }, false],
    ['tags:string[] Words to look for', { type: 'array', items: { type: 'string' }, description: 'Words to look for' }, false],
    ['grid:number[][]!', { type: 'array', items: { type: 'array', items: { type: 'number' } } }, true],
    ['city:string!   Where: = it is!', { type: 'string', description: 'Where: = it is!' }, true],
    ['max-results:number', { type: 'number' }, false],
  ])('%s', (word, schema, isRequired) => {
    const { name, ...read } = readArgument(word);
    expect(name).toBe(/^[a-z-]+/.exec(word)?.[0]);
    expect(read).toEqual({ schema, isRequired });
  });

  it.each([
    ['', 'must be a name and a type'],
    [':string', 'must be a name and a type'],
    ['a:', 'must be a name and a type'],
    ['a:int', 'the type must be string, number, integer'],
    ['a:strng', 'did you mean "string"?'],
    ['a:x|', 'choices must differ'],
    ['a:x|x', 'choices must differ'],
    ['a:integer=x', 'the default x does not fit the type'],
    ['a:x|y=z', 'the default z does not fit the type'],
    ['a!=1', 'leave out the !'],
  ])('%j is refused: %s', (word, message) => {
    expect(() => readArgument(word)).toThrow(message);
  });

  it('is there once', () => {
    expect(() => inputSchemaOf([readArgument('a'), readArgument('a:number')])).toThrow('[arguments]: "a" is there twice');
  });

  it('that is required is in the sample, which the schema accepts', () => {
    const all = ['a!', 'b:number!', 'c:integer!', 'd:boolean!', 'e:object!', 'f:x|y!', 'g:string[]!', 'h:array!', 'i=1'].map(
      readArgument,
    );
    expect(sampleOf(all)).toEqual({ a: 'text', b: 1.5, c: 1, d: true, e: {}, f: 'x', g: [], h: [] });
    expect(compileSchema(inputSchemaOf(all))(sampleOf(all)).ok).toBe(true);
  });
});
