/** How much of what there is at most is in use: a bar beside a figure that says the same. */

/** From here on it is nearly used up. */
const HIGH = 0.9;

interface MeterProps {
  /** 0..1 */
  readonly share: number;
}

export function Meter({ share }: MeterProps) {
  const width = 100 * Math.min(1, Math.max(0, share));
  return (
    <svg
      class="share-bar meter"
      data-high={share >= HIGH}
      viewBox="0 0 100 6"
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      <rect class="share-track" width="100" height="6" rx="1" />
      <rect class="share-fill" width={width} height="6" rx="1" />
    </svg>
  );
}
