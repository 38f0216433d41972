import { bundleNameProblem, newKeptId, timeOfKeptId } from '../../src/base/bundle-name.js';
import { placeInBundle } from '../../src/config/bundle-place.js';

describe('the config of a bundle', () => {
  const document = {
    module_links: [
      { type: 'tool' as const, name: 'a', module_name: 'named', function_name: 'a' },
      { type: 'tool' as const, name: 'b', module_name: 'unnamed', function_name: 'b' },
    ],
    modules: [
      { module_name: 'named', class_name: 'A', setting: { x: 1 }, source: '' },
      { module_name: 'other', package_name: 'elsewhere', source: 's3' },
    ],
  };

  it('gets the bundle as the place of its modules', () => {
    expect(placeInBundle(document, { name: 'weather', source: 'zip', sha256: 'abc' }).modules).toEqual([
      { module_name: 'named', class_name: 'A', setting: { x: 1 }, package_name: 'weather', source: 'zip', sha256: 'abc' },
      { module_name: 'other', package_name: 'elsewhere', source: 's3' },
      { module_name: 'unnamed', package_name: 'weather', source: 'zip', sha256: 'abc' },
    ]);
    expect(placeInBundle({}, { name: 'weather', source: 'zip' }).modules).toEqual([]);
    expect(document.modules[0]).not.toHaveProperty('package_name');
  });

  it('gets a module of the bundle as the place of its skills, or a new one', () => {
    const place = { name: 'weather', source: 'zip', sha256: 'abc' };
    const skills = [
      { path: 'a', scopes: ['x'] },
      { path: 'b', module_name: 'other' },
    ];
    expect(placeInBundle({ ...document, skills }, place)).toMatchObject({
      skills: [
        { path: 'a', scopes: ['x'], module_name: 'named' },
        { path: 'b', module_name: 'other' },
      ],
    });
    const own = { module_name: 'weather', package_name: 'weather', source: 'zip', sha256: 'abc' };
    expect(placeInBundle({ skills }, place)).toEqual({
      skills: [
        { path: 'a', scopes: ['x'], module_name: 'weather' },
        { path: 'b', module_name: 'other' },
      ],
      modules: [own],
    });
    // The name of the bundle is that of another package's module.
    const foreign = { module_name: 'weather', package_name: 'elsewhere', source: 's3' };
    expect(placeInBundle({ skills: [{ path: 'a' }], modules: [foreign] }, place)).toEqual({
      skills: [{ path: 'a', module_name: 'weather-skills' }],
      modules: [foreign, { ...own, module_name: 'weather-skills' }],
    });
  });
});

describe('the names of bundles', () => {
  it('may not lead elsewhere', () => {
    expect(['weather', 'a.b-c_D9', '_x'].map(bundleNameProblem)).toEqual([undefined, undefined, undefined]);
    expect(['', '../x', '.x', '-x', 'a/b', 'a b', 'é', 'x'.repeat(101)].map(bundleNameProblem)).toEqual([
      'is empty',
      'begins with "."',
      'begins with "."',
      'begins with "-"',
      'has the character "/"',
      'has the character " "',
      'has the character "é"',
      'has more than 100 characters',
    ]);
  });

  it('ids of kept bundles sort by time, also within one millisecond', () => {
    const ids = Array.from({ length: 50 }, () => newKeptId(1_772_965_200_123));
    expect([...ids].sort()).toEqual(ids);
    expect(timeOfKeptId(newKeptId(4_102_444_800_000))).toBe('2100-01-01T00:00:00.000Z');
    expect(timeOfKeptId('../x')).toBeUndefined();
  });
});
