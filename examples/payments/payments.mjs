/** A function that must not run twice for one payment, and not for large amounts without asking. It needs no code for either. */
let payments = 0;

export function pay({ amount, to }) {
  payments += 1;
  return `Payment ${payments}: ${amount} to ${to}.`;
}
