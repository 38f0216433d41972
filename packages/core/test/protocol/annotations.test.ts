import { fitAnnotations, fitIcons, fullTime } from '../../src/protocol/annotations.js';

describe('fullTime', () => {
  it.each([
    ['2025-01-12', '2025-01-12T00:00:00Z'],
    ['2025-01-12T15:00', '2025-01-12T15:00:00Z'],
    ['2025-01-12T15:00:58.123456', '2025-01-12T15:00:58.123456Z'],
    ['2025-01-12 15:00:58+0100', '2025-01-12T15:00:58+01:00'],
    ['2025-01-12T15:00:58-05', '2025-01-12T15:00:58-05:00'],
    ['2025-01-12t15:00:58z', '2025-01-12T15:00:58Z'],
    ['2025-01-12T15:00:58+01:00', '2025-01-12T15:00:58+01:00'],
    ['2024-02-29', '2024-02-29T00:00:00Z'],
    ['2025-02-29', undefined],
    ['2025-13-01', undefined],
    ['2025-01-12T24:00:00Z', undefined],
    ['2025-01-12Z', undefined],
    ['today', undefined],
  ])('reads %s as %s', (text, time) => {
    expect(fullTime(text)).toBe(time);
  });
});

describe('fitAnnotations', () => {
  it('gives back the object itself if clients accept all of it', () => {
    const annotations = { audience: ['user'], priority: 0.5, lastModified: '2025-01-12T15:00:58Z', own: [1] };
    expect(fitAnnotations(annotations)).toBe(annotations);
  });

  it('leaves out members that clients refuse, and keeps unknown ones', () => {
    const given = { audience: ['user', 'tool'], priority: 2, lastModified: 'today', title: null, readOnlyHint: 'yes', own: null };
    expect(fitAnnotations(given)).toEqual({ audience: ['user'], own: null });
    expect(fitAnnotations({ audience: ['tool'] })).toEqual({});
    expect(fitAnnotations('read only')).toEqual({});
  });
});

it('fitIcons splits sizes, leaves out themes that clients do not know, and icons without an address', () => {
  const icons = [{ src: 'data:,1', sizes: '16x16 32x32', theme: 'system' }, { sizes: ['any'] }, 'data:,2'];
  expect(fitIcons(icons)).toEqual([{ src: 'data:,1', sizes: ['16x16', '32x32'] }]);
  expect(fitIcons('data:,1')).toEqual([]);
});
