/** What an action came to, when there is no room beside it, and the way back. */
import { dismiss, holdNotice, letNoticeGo, type Notice, notices, undoNotice } from '../live/notices.ts';
import { Icon } from '../parts/icon.tsx';

export function Notices() {
  return (
    <div class="notices" role="status" data-testid="notices">
      {notices.value.map((notice) => (
        <Item key={notice.id} notice={notice} />
      ))}
    </div>
  );
}

/** Its time stands still while it is pointed at or in focus (WCAG 2.2.1). */
function Item({ notice }: { readonly notice: Notice }) {
  const { id, level, text, undo } = notice;
  const hold = (): void => holdNotice(id);
  const letGo = (): void => letNoticeGo(id);
  return (
    <div
      class="notice"
      data-level={level}
      data-can-undo={undo !== null}
      onMouseEnter={hold}
      onMouseLeave={letGo}
      onFocusCapture={hold}
      onBlurCapture={letGo}
    >
      <Icon name={level === 'good' ? 'check' : 'alert'} />
      <span>{text}</span>
      {undo === null ? null : (
        <button type="button" class="button" data-undo data-testid="undo" onClick={() => undoNotice(id)}>
          Undo <kbd aria-hidden="true">u</kbd>
        </button>
      )}
      <button type="button" class="icon-button" aria-label="Dismiss" onClick={() => dismiss(id)}>
        <Icon name="close" />
      </button>
    </div>
  );
}
