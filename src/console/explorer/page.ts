import { html } from 'hono/html';
import type { Html } from '../html/shell.ts';

/** The frame of the metrics explorer; src/console/page/explorer.ts fills it. */
export function explorerPage(): Html {
  return html`<h1 class="unseen">Metrics explorer</h1>
    <noscript>
      <p class="notice bad">
        The metrics explorer needs JavaScript. Without it, the Graphite query API gives the same figures, and <a href="/">the overview</a> and
        <a href="/promises">the promises</a> say how things are.
      </p>
    </noscript>
    <div class="explorer" id="explorer" hidden>
      <section class="card names-pane" aria-labelledby="names-heading">
        <h2 id="names-heading">Names</h2>
        <form id="search" role="search" class="search-line">
          <label for="search-text" class="unseen">Search metrics</label>
          <input
            id="search-text"
            type="search"
            placeholder="Search all names"
            autocomplete="off"
            spellcheck="false"
            maxlength="200"
            aria-describedby="search-hint"
          />
          <button type="submit" class="plain">Search</button>
        </form>
        <p id="search-hint" class="hint">Parts of a name in their order: <kbd>host cpu</kbd></p>
        <div id="found" hidden></div>
        <div id="browse">
          <div class="search-line">
            <label for="filter" id="filter-label" class="unseen">Filter this level</label>
            <input id="filter" type="search" autocomplete="off" spellcheck="false" maxlength="200" />
          </div>
          <div id="tree" class="tree" role="tree" aria-label="Metrics" tabindex="0" aria-describedby="tree-hint"></div>
          <p id="tree-hint" class="hint">Enter adds a metric; arrow keys move and open.</p>
        </div>
        <p id="names-problem" class="notice bad" role="alert" hidden></p>
      </section>
      <div class="chart-pane">
        <section class="card series-pane" aria-labelledby="chart-heading">
          <div class="heading">
            <h2 id="chart-heading">Chart</h2>
            <div class="controls">
              <div id="ranges" class="ranges" role="group" aria-label="Time range"></div>
              <button id="zoom-back" type="button" class="plain" disabled>Back</button>
              <button id="refresh-now" type="button" class="plain">Refresh</button>
              <label class="choice"
                >every
                <select id="refresh"></select
              ></label>
            </div>
          </div>
          <details class="absolute">
            <summary id="range-words">Time range</summary>
            <form id="absolute" class="absolute-form">
              <label>From <input id="from" type="datetime-local" step="1" required /></label>
              <label>until <input id="until" type="datetime-local" step="1" required /></label>
              <button type="submit" class="plain">Show</button>
              <p id="absolute-problem" class="problem" role="alert" hidden></p>
            </form>
          </details>
          <div class="controls options">
            <label class="choice"
              >Unit
              <select id="unit"></select
            ></label>
            <label class="choice"><input id="stacked" type="checkbox" /> Stacked</label>
            <label class="choice"><input id="log" type="checkbox" /> Logarithmic</label>
            <span class="spring"></span>
            <button id="share" type="button" class="plain">Copy link</button>
            <a id="csv" class="button plain" download>CSV</a>
            <button id="png" type="button" class="plain">PNG</button>
          </div>
          <div id="plot" class="series-plot" role="img" aria-label="Chart of the targets below"></div>
          <p id="chart-state" class="quiet" role="status"></p>
          <div id="legend" class="scroll" tabindex="0" role="region" aria-label="Legend"></div>
        </section>
        <section class="card targets-pane" aria-labelledby="targets-heading">
          <div class="heading">
            <h2 id="targets-heading">Targets</h2>
            <button id="add-target" type="button" class="plain">Add a target</button>
          </div>
          <p id="no-targets" class="quiet">Choose a metric on the left, or write a target.</p>
          <ol id="targets" class="targets"></ol>
        </section>
        <details class="card values-pane" id="values">
          <summary>Values as a table</summary>
          <div id="values-table" class="scroll" tabindex="0" role="region" aria-label="Values"></div>
        </details>
      </div>
    </div>
    <dialog id="functions" class="card functions" aria-labelledby="functions-heading">
      <form method="dialog" class="functions-head">
        <h2 id="functions-heading">Apply a function</h2>
        <button type="submit" class="plain">Close</button>
      </form>
      <label for="function-search" class="unseen">Search functions</label>
      <input id="function-search" type="search" placeholder="Search functions" autocomplete="off" spellcheck="false" />
      <p id="functions-note" class="hint" role="status"></p>
      <div class="functions-body">
        <ul id="function-list" class="function-list" aria-label="Functions"></ul>
        <form id="function-form" class="function-form"></form>
      </div>
    </dialog>
    <p id="said" class="unseen" role="status"></p>`;
}
