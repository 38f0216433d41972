const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** The page gets the numbers from `structuredContent`; models, and hosts that show no pages, read the text. */
export function sales({ year = 2026 }) {
  const months = MONTHS.map((name, index) => ({ name, sold: 40 + ((year * 7 + index * index * 5 + index * 13) % 60) }));
  const total = months.reduce((sum, { sold }) => sum + sold, 0);
  return {
    content: [
      { type: 'text', text: `${total} sold in ${year}: ${months.map(({ name, sold }) => `${name} ${sold}`).join(', ')}` },
    ],
    structuredContent: { year, months },
  };
}
