/** What an action came to, when there is no room beside it. Refusals stay until they are read. */
import { dismiss, notices } from '../live/actions.ts';
import { Icon } from '../parts/icon.tsx';

export function Notices() {
  return (
    <div class="notices" role="status" data-testid="notices">
      {notices.value.map((notice) => (
        <div key={notice.id} class="notice" data-level={notice.level}>
          <Icon name={notice.level === 'bad' ? 'alert' : 'check'} />
          <span>{notice.text}</span>
          <button type="button" class="icon-button" aria-label="Dismiss" onClick={() => dismiss(notice.id)}>
            <Icon name="close" />
          </button>
        </div>
      ))}
    </div>
  );
}
