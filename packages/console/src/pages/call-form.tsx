/** Calls one function over MCP and shows what a model would get. */
import type { JSX } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';

import type { Answer, CatalogEntry, Question, Replies } from '../api/catalog.js';
import { callFunction } from '../api/catalog.js';
import { Failure, failureOf } from '../api/failure.js';
import { RpcError } from '../api/mcp.js';
import { formatDuration } from '../base/amounts.js';
import type { Json, JsonObject } from '../base/json.js';
import { visible } from '../base/visible.js';
import { JsonView } from '../parts/json-view.js';
import { Problem } from '../parts/messages.js';
import { ResultView } from '../parts/result-view.js';
import { SchemaForm } from '../parts/schema-form.js';
import { access, noteFailure } from '../state/session.js';
import type { FunctionRequest } from './function-call.js';
import { answersOf, noteOf, questionSchema, requestOf, unanswerableOf } from './function-call.js';

interface State {
  readonly request?: FunctionRequest;
  readonly answer?: Answer;
  readonly error?: RpcError | Failure;
  readonly running: boolean;
  readonly ms?: number;
  readonly notes: readonly string[];
}

function Refused({ error }: { error: RpcError | Failure }): JSX.Element {
  if (error instanceof Failure) return <Problem failure={error} />;
  return (
    <div class="notice bad" role="alert">
      <div class="grow">
        <p class="strong">The server refused the call (error {error.code})</p>
        <p class="pre-line">{visible(error.message)}</p>
        {error.data !== undefined && <JsonView value={error.data} what="the details of the error" />}
      </div>
    </div>
  );
}

/** The questions of a function that asks before it goes on. */
function Questions({
  questions,
  onAnswer,
}: {
  questions: readonly Question[];
  onAnswer: (answers: JsonObject) => void;
}): JSX.Element {
  const [question] = questions;
  const schema = useMemo(() => questionSchema(questions), [questions]);
  const unanswerable = unanswerableOf(questions);
  if (question === undefined) return <p class="muted">The function asks to be called again.</p>;
  if (unanswerable !== undefined)
    return (
      <p class="notice">
        The function asks for {visible(unanswerable.method)}, which needs a model's host. This page cannot answer it.
      </p>
    );
  const single = questions.length === 1;
  return (
    <div class="stack question">
      <p class="strong pre-line">{visible(single ? question.message : 'The function asks:')}</p>
      <SchemaForm
        key={question.message}
        id="answer"
        schema={schema}
        onSubmit={(value) => onAnswer(answersOf(questions, 'accept', value))}
      >
        <button type="submit" class="button primary">
          Answer
        </button>
        <button type="button" class="button" onClick={() => onAnswer(answersOf(questions, 'decline', null))}>
          Decline
        </button>
      </SchemaForm>
    </div>
  );
}

/** @param initial the arguments of an earlier call */
export function CallForm({
  found,
  schema,
  initial,
}: {
  found: CatalogEntry;
  schema: JsonObject;
  initial?: Json | undefined;
}): JSX.Element {
  const [state, setState] = useState<State>({ running: false, notes: [] });
  const running = useRef<AbortController | undefined>(undefined);
  useEffect(() => () => running.current?.abort(), []);

  async function call(request: FunctionRequest, replies: Replies | undefined): Promise<void> {
    const controller = new AbortController();
    running.current = controller;
    setState({ request, running: true, notes: [] });
    const began = performance.now();
    const end = (more: Partial<State>): void =>
      setState((before) => ({ ...before, running: false, ms: performance.now() - began, ...more }));
    try {
      const onNotification = (method: string, params: JsonObject): void => {
        const note = noteOf(method, params);
        if (note !== undefined) setState((before) => ({ ...before, notes: [...before.notes.slice(-49), note] }));
      };
      end({
        answer: await callFunction(access.peek(), request.method, request.params, replies, {
          signal: controller.signal,
          onNotification,
        }),
      });
    } catch (error) {
      if (controller.signal.aborted) return end({ error: new Failure('refused', 'You have cancelled the call.') });
      const known = error instanceof RpcError ? error : failureOf(error);
      if (known instanceof Failure) noteFailure(known);
      end({ error: known });
    }
  }

  const { request, answer, error, notes, ms } = state;
  const verb = { tool: 'Call', prompt: 'Get', resource: 'Read', template: 'Read' }[found.kind];
  return (
    <div class="stack">
      <SchemaForm
        id="arguments"
        schema={schema}
        initial={initial}
        onSubmit={(value) => void call(requestOf(found, value), undefined)}
      >
        <button type="submit" class="button primary" disabled={state.running}>
          {state.running ? 'Running…' : verb}
        </button>
        {state.running && (
          <button type="button" class="button" onClick={() => running.current?.abort()}>
            Cancel
          </button>
        )}
      </SchemaForm>
      {notes.length > 0 && (
        <pre class="code" aria-label="What the function says" role="log" tabIndex={0}>
          {visible(notes.join('\n'))}
        </pre>
      )}
      <div class="answer" aria-live="polite">
        {(answer !== undefined || error !== undefined) && (
          <h3>
            {answer?.kind === 'questions' ? 'It asks first' : 'Answer, as a model gets it'}{' '}
            <span class="muted small num">{formatDuration(ms)}</span>
          </h3>
        )}
        {error !== undefined && <Refused error={error} />}
        {answer?.kind === 'result' && request !== undefined && <ResultView method={request.method} result={answer.result} />}
        {answer?.kind === 'questions' && request !== undefined && (
          <Questions questions={answer.questions} onAnswer={(answers) => void call(request, { answers, state: answer.state })} />
        )}
      </div>
    </div>
  );
}
