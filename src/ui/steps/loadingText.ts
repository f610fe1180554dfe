/** What is said under the loading bar: which file, how much of it all, how fast, how long, and what holds it up. */
import type { LoadProgress } from '../../worker';
import { formatAbout, formatBytes } from '../format';

export function loadingText(progress: LoadProgress | null): string {
  if (progress === null) return 'Starting';
  switch (progress.status) {
    case 'downloading':
      return downloadingText(progress);
    case 'compiling':
      return 'All bytes are here. Preparing the graph';
    case 'testing-device':
      return 'Checking that the device computes right';
    case 'ready':
      return 'Ready';
    default:
      return progress satisfies never;
  }
}

/** What holds it up, or where the bytes come from where that is not the network; null where there is nothing to say. */
export function loadingNote(progress: LoadProgress | null): string | null {
  if (progress?.status !== 'downloading') return null;
  const { retry, cached } = progress;
  if (retry !== null) return `connection lost, trying again (${retry.attempt} of ${retry.of}): ${retry.reason}`;
  return cached ? 'from this browser’s cache' : null;
}

function downloadingText(progress: Extract<LoadProgress, { status: 'downloading' }>): string {
  const { file, loaded, total, bytesPerSecond, secondsLeft, retry } = progress;
  const parts = [
    `Reading ${file.slice(file.lastIndexOf('/') + 1)}`,
    `${formatBytes(loaded)}${total === null ? '' : ` of ${formatBytes(total)}`}`,
    retry === null && bytesPerSecond > 0 ? `${formatBytes(bytesPerSecond)}/s` : null,
    // The last second is no news.
    retry === null && secondsLeft !== null && secondsLeft >= 1 ? `${formatAbout(secondsLeft)} left` : null,
  ];
  return parts.filter((part) => part !== null).join(' · ');
}
