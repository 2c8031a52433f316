/** A list of any length of which only what is seen is in the page; one stop of the keyboard, moved in by arrows. */
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

const ROW = 32;
/** Rows beyond what is seen, above and below. */
const MORE = 4;

export interface ListProps<T> {
  readonly name: string;
  readonly items: readonly T[];
  readonly keyOf: (item: T) => string;
  readonly row: (item: T) => ComponentChildren;
  /** The key of the one that is chosen. */
  readonly chosen: string | undefined;
  /** Told the one that is chosen from now on; undefined when the chosen one was chosen once more. */
  readonly onChoose: (key: string | undefined) => void;
  /** Said when there is none. */
  readonly empty: string;
}

export function List<T>({ name, items, keyOf, row, chosen, onChoose, empty }: ListProps<T>): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const [seen, setSeen] = useState({ top: 0, height: 400 });
  const [active, setActive] = useState(0);
  const at = Math.min(active, Math.max(0, items.length - 1));
  const id = `list-${name.replace(/\W+/g, '-')}`;

  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const look = () => setSeen({ top: element.scrollTop, height: element.clientHeight });
    const observer = new ResizeObserver(look);
    observer.observe(element);
    element.addEventListener('scroll', look, { passive: true });
    look();
    return () => {
      observer.disconnect();
      element.removeEventListener('scroll', look);
    };
  }, []);

  const move = (to: number): void => {
    const next = Math.max(0, Math.min(items.length - 1, to));
    setActive(next);
    const element = box.current;
    if (element === null) return;
    if (next * ROW < element.scrollTop) element.scrollTop = next * ROW;
    else if ((next + 1) * ROW > element.scrollTop + element.clientHeight)
      element.scrollTop = (next + 1) * ROW - element.clientHeight;
  };
  const choose = (index: number): void => {
    const item = items[index];
    if (item !== undefined) onChoose(keyOf(item) === chosen ? undefined : keyOf(item));
  };
  const page = Math.max(1, Math.floor(seen.height / ROW) - 1);
  const keys: Readonly<Record<string, () => void>> = {
    ArrowDown: () => move(at + 1),
    ArrowUp: () => move(at - 1),
    PageDown: () => move(at + page),
    PageUp: () => move(at - page),
    Home: () => move(0),
    End: () => move(items.length - 1),
    Enter: () => choose(at),
    ' ': () => choose(at),
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const act = event.ctrlKey || event.metaKey || event.altKey ? undefined : keys[event.key];
    if (act === undefined) return;
    event.preventDefault();
    act();
  };
  const onClick = (event: MouseEvent): void => {
    const place = event.target instanceof Element ? event.target.closest('[data-index]') : null;
    if (place === null) return;
    // The row may leave the page; the list stays.
    box.current?.focus();
    const index = Number(place.getAttribute('data-index'));
    setActive(index);
    choose(index);
  };
  const from = Math.max(0, Math.floor(seen.top / ROW) - MORE);
  const to = Math.min(items.length, Math.ceil((seen.top + seen.height) / ROW) + MORE);
  // A row that leaves becomes one that comes.
  const pool = Math.ceil(seen.height / ROW) + 2 * MORE + 2;
  const isActiveThere = at >= from && at < to;
  return (
    <div
      ref={box}
      class="list"
      role="listbox"
      tabIndex={0}
      aria-label={name}
      aria-activedescendant={isActiveThere ? `${id}-${at}` : undefined}
      onKeyDown={onKeyDown}
      onClick={onClick}
    >
      {items.length === 0 && (
        <div role="option" tabIndex={-1} aria-selected={false} aria-disabled={true} class="none">
          {empty}
        </div>
      )}
      <div role="presentation" class="all" style={{ height: `${items.length * ROW}px` }}>
        {items.slice(from, to).map((item, i) => {
          const index = from + i;
          return (
            <div
              key={index % pool}
              id={`${id}-${index}`}
              role="option"
              tabIndex={-1}
              class={`row${index === at ? ' active' : ''}`}
              aria-selected={keyOf(item) === chosen}
              aria-posinset={index + 1}
              aria-setsize={items.length}
              data-index={index}
              style={{ top: `${index * ROW}px` }}
            >
              {row(item)}
            </div>
          );
        })}
      </div>
    </div>
  );
}
