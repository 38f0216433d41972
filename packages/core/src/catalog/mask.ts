/** Hides the values of settings: they may be secrets. */
import { isObject } from '../base/json.js';
import { isReference } from '../base/references.js';

/** What is shown in place of a value. */
export const MASKED = '[masked]';

/**
 * A copy of a setting, or of a part of it, without its texts and numbers. Its keys, booleans and nulls are kept, and so are texts that
 * only refer to a secret, such as `env:API_KEY`.
 *
 * @example maskSetting({ url: 'https://…', key: 'env:API_KEY', strict: true }) // { url: '[masked]', key: 'env:API_KEY', strict: true }
 */
export function maskSetting<T>(value: T): T {
  if (Array.isArray(value)) return value.map((item: unknown) => maskSetting(item)) as T;
  if (isObject(value)) return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, maskSetting(item)])) as T;
  if (typeof value === 'string') return (isReference(value) ? value : MASKED) as T;
  return (typeof value === 'number' ? MASKED : value) as T;
}
