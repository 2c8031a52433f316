/** Things that are of no use one without the other: all of them are opened, or none. */

/** Says of what was just opened how it is closed again, should one of the others not be opened. */
export type Keep = <T>(opened: T, close: (opened: T) => void) => T;

/** A host may have too few descriptors for hours, in which the same is tried again and again. Throws what `open` does. */
export function together<T>(open: (keep: Keep) => T): T {
  const closings: (() => void)[] = [];
  try {
    return open((opened, close) => {
      closings.push(() => close(opened));
      return opened;
    });
  } catch (e) {
    for (const close of closings.reverse()) close();
    throw e;
  }
}

/** For {@link Keep}. */
export const closing = (opened: { close(): void }): void => opened.close();
