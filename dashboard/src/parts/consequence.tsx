/** What a change would come to: its meaning, the figures of the server, and what it is for whom. */
import type { Change, Preview } from '../change.ts';
import { figuresOf, isGrave, meaningOf, remarksOf } from '../consequence.ts';
import { Icon } from './icon.tsx';

interface ConsequenceProps {
  readonly change: Change;
  /** Null while the server is being asked. */
  readonly preview: Preview | null;
  /** What is no longer so as it was told. */
  readonly news: string;
}

export function Consequence({ change, preview, news }: ConsequenceProps) {
  const meaning = meaningOf(change);
  const refused = preview?.refused ?? [];
  return (
    <div class="consequence" data-testid="consequence">
      {meaning === '' ? null : <p>{meaning}</p>}
      {preview === null ? (
        <p class="minor">Looking what that comes to …</p>
      ) : (
        <>
          <Figures preview={preview} />
          {remarksOf(preview).map((remark) => (
            <p key={remark} class={isGrave(preview) && remark.startsWith('No ') ? 'grave' : 'minor'}>
              {isGrave(preview) && remark.startsWith('No ') ? <Icon name="alert" /> : null}
              {remark}
            </p>
          ))}
          {refused.length === 0 ? null : (
            <p class="minor" data-testid="refused">
              Not possible for {refused.length}:{' '}
              {refused
                .slice(0, 3)
                .map(({ detail }) => detail)
                .join('; ')}
              {refused.length > 3 ? ' …' : '.'}
            </p>
          )}
        </>
      )}
      <p class="news" role="status" data-testid="news">
        {news === '' ? null : (
          <span>
            <Icon name="alert" />
            {news}
          </span>
        )}
      </p>
    </div>
  );
}

function Figures({ preview }: { readonly preview: Preview }) {
  const figures = figuresOf(preview);
  if (figures !== '') return <p class="figures">{figures}</p>;
  return <p class="minor">{preview.changes.length === 0 ? 'It is so already.' : 'No request is touched by it.'}</p>;
}
