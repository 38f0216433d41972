/** Multiples of decimal numbers, exactly: 0.3 is a multiple of 0.1, although the computer's remainder says otherwise. */

/** A number as `digits * 10 ** exponent`. */
function decimalOf(value: number): { digits: bigint; exponent: number } {
  const [mantissa = '0', power = '0'] = value.toExponential().split('e');
  const [whole = '0', fraction = ''] = mantissa.split('.');
  return { digits: BigInt(whole + fraction), exponent: Number(power) - fraction.length };
}

/** Whether a number is a multiple of another, which is greater than 0. */
export function isMultipleOf(value: number, factor: number): boolean {
  if (value === 0) return true;
  const [a, b] = [decimalOf(value), decimalOf(factor)];
  const shared = Math.min(a.exponent, b.exponent);
  const [left, right] = [a.digits * 10n ** BigInt(a.exponent - shared), b.digits * 10n ** BigInt(b.exponent - shared)];
  return right !== 0n && left % right === 0n;
}
