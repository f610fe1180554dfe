/** Which two are judged, where there are more than two. */
import { Select } from '@mantine/core';
import type { Election } from '../../state';
import { useSession } from '../session';

export function VotedPairSelect({ election: { measured, pair } }: { readonly election: Election }) {
  const { voting } = useSession();
  const { subjects } = measured;
  if (subjects.length < 3) return null;
  const pairs = subjects.flatMap((one, first) =>
    subjects.slice(first + 1).map((other, ahead) => ({
      value: `${first} ${first + 1 + ahead}`,
      label: `${one.name} / ${other.name}`,
      pair: { first, second: first + 1 + ahead },
    })),
  );
  return (
    <Select
      size="xs"
      w="20rem"
      maw="100%"
      aria-label="Which two are judged"
      data={pairs}
      value={`${pair.first} ${pair.second}`}
      allowDeselect={false}
      onChange={(value) => {
        const chosen = pairs.find((one) => one.value === value);
        if (chosen) voting.choosePair(chosen.pair);
      }}
    />
  );
}
