/** How the fingerprint of the pasted key stands to what `mavis-gateway init` printed (S38, rule 15). */
export type KeyComparison = 'nothing-to-compare' | 'same' | 'different';

/** Compares two fingerprints as people write them: spaces do not count, letters and their case do. */
export function compareFingerprints(pasted: string | null, printed: string): KeyComparison {
  const plain = printed.replaceAll(/\s+/g, '').replace(/^gatewayfingerprint/, '');
  if (pasted === null || plain === '') return 'nothing-to-compare';
  const bare = (fingerprint: string): string => fingerprint.replace(/^SHA256:/i, '');
  return bare(plain) === bare(pasted) ? 'same' : 'different';
}
