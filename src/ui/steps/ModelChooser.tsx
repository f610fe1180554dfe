/** Another model: by its id on the hub, by address, by dropped files, or the one that came with the page. */
import { Button, Skeleton, TextInput } from '@mantine/core';
import type { FormEvent } from 'react';
import { asksForToken, BUNDLED_MODEL, type Lookup, sourceName } from '../../state';
import { formatBytes, formatPlural } from '../format';
import { goTo } from '../keys';
import { DropArea } from '../parts/DropArea';
import { Problem } from '../parts/Problem';
import partClasses from '../parts/parts.module.css';
import { usePart, useSession } from '../session';
import modelClasses from './model.module.css';
import classes from './steps.module.css';
import { TokenField } from './TokenField';
import { dtypeWords, VariantList } from './VariantList';

/** Small decoders with ONNX files on the hub, smallest first. */
const WELL_KNOWN: readonly string[] = [
  'Xenova/distilgpt2',
  'HuggingFaceTB/SmolLM2-135M-Instruct',
  'onnx-community/gemma-3-270m-it-ONNX',
  'onnx-community/Qwen2.5-0.5B-Instruct',
  'onnx-community/Qwen3-0.6B-ONNX',
  'onnx-community/Llama-3.2-1B-Instruct',
];

export function ModelChooser({ busy }: { readonly busy: boolean }) {
  const { chooser, model } = useSession();
  const isBundled = usePart('model', ({ source }) => source.type === 'bundled' && source.name === BUNDLED_MODEL);
  return (
    <div className={`${classes.stack} ${classes.detailsBody}`}>
      <AddressForm />
      <Result busy={busy} />
      <DropArea label="Drop a model" compact disabled={busy} onFiles={chooser.drop}>
        <span>
          Drop a model folder, or its files{' '}
          <span className={partClasses.dropHint}>
            config.json, tokenizer.json, tokenizer_config.json and the .onnx with its .onnx_data
          </span>
        </span>
      </DropArea>
      {busy && <p className={classes.quiet}>A run is under way; the model can be changed after it.</p>}
      {!isBundled && (
        <div>
          <Button
            size="xs"
            variant="default"
            disabled={busy}
            onClick={() => model.load({ type: 'bundled', name: BUNDLED_MODEL })}
          >
            {`Load ${BUNDLED_MODEL}, which came with this page`}
          </Button>
        </div>
      )}
    </div>
  );
}

function AddressForm() {
  const { chooser } = useSession();
  const text = usePart('chooser', (state) => state.text);
  const revision = usePart('chooser', (state) => state.revision);
  const tokenStandsElsewhere = usePart('chooser', ({ lookup }) => tokenAsked(lookup) !== null);
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    chooser.lookUp();
  };
  return (
    <>
      <form className={modelClasses.address} onSubmit={onSubmit}>
        <TextInput
          className={modelClasses.addressInput}
          label="From the Hugging Face hub, or any address"
          description="owner/name, owner/name@revision, the address of a model’s page, or of an .onnx file"
          placeholder="owner/name"
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          value={text}
          onChange={(event) => chooser.setText(event.currentTarget.value)}
        />
        <Button type="submit" variant="default">
          Look it up
        </Button>
      </form>
      <div className={modelClasses.wellKnown}>
        <span className={classes.quiet}>Well known</span>
        {WELL_KNOWN.map((repo) => (
          <Button key={repo} size="compact-sm" variant="default" title={repo} onClick={() => chooser.suggest(repo)}>
            {repo.slice(repo.indexOf('/') + 1).replace(/-ONNX$/, '')}
          </Button>
        ))}
      </div>
      <details>
        <summary>Revision and token</summary>
        <div className={`${modelClasses.revision} ${classes.detailsBody}`}>
          <TextInput
            label="Revision"
            description="A branch, a tag or a commit of the hub"
            placeholder="main"
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            value={revision}
            onChange={(event) => chooser.setRevision(event.currentTarget.value)}
          />
          {!tokenStandsElsewhere && <TokenField />}
        </div>
      </details>
    </>
  );
}

function Result({ busy }: { readonly busy: boolean }) {
  const { chooser } = useSession();
  const lookup = usePart('chooser', (state) => state.lookup);
  const asked = tokenAsked(lookup);
  switch (lookup.status) {
    case 'idle':
      return null;
    case 'looking':
      return (
        <div className={classes.stack} role="status">
          <p className={classes.quiet}>Looking up {sourceName(lookup.source)}</p>
          <Skeleton height="4.5rem" />
        </div>
      );
    case 'failed':
      return (
        <Problem problem={lookup.problem}>
          {asked !== null && (
            <TokenField
              terms={asked.what === 'terms' ? asked.repo : null}
              submit={{ label: 'Look it up with the token', run: chooser.lookUp }}
            />
          )}
        </Problem>
      );
    case 'found':
      return <Found lookup={lookup} busy={busy} />;
    default:
      return lookup satisfies never;
  }
}

interface FoundProps {
  readonly lookup: Extract<Lookup, { status: 'found' }>;
  readonly busy: boolean;
}

function Found({ lookup: { listing, onnxPath, note, source }, busy }: FoundProps) {
  const { chooser } = useSession();
  const chosen = listing.variants.find((variant) => variant.onnxPath === onnxPath);
  if (chosen === undefined) return null;
  const size = chosen.bytes === null ? '' : ` · ${formatBytes(chosen.bytes)}`;
  const verb = chosen.fit === 'too-large' ? 'Load anyway' : 'Load';
  const load = () => {
    chooser.load();
    // The bar is above; the list stays, in case it is not what was wanted.
    goTo('Model');
  };
  return (
    <div className={modelClasses.found}>
      <p className="visually-hidden" role="status">
        {listing.name} has {formatPlural(listing.variants.length, 'file')} to choose from.
      </p>
      {note !== null && <p className={classes.warning}>{note}</p>}
      <VariantList label={listing.name} variants={listing.variants} value={onnxPath} onChange={chooser.choose} />
      <div className={classes.row}>
        <Button disabled={busy} onClick={load}>
          {verb}: {dtypeWords(chosen.dtype)}
          {size}
        </Button>
        {listing.commit !== null && source.type === 'hub' && (
          <span className={classes.quiet}>
            {source.revision}, commit <code>{listing.commit.slice(0, 7)}</code>
          </span>
        )}
      </div>
    </div>
  );
}

function tokenAsked(lookup: Lookup): ReturnType<typeof asksForToken> {
  return lookup.status === 'failed' ? asksForToken(lookup.source, lookup.problem) : null;
}
