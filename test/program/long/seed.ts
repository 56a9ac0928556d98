/** What a long check draws its requests and faults from: `SEED` in the environment. */
export const seed = process.env['SEED'] ?? 'ballast';
