// The live stream: one scene, then deltas, with resume.

import { ApiError, fetchScene } from './api';
import type { DeltaMessage, HeartbeatMessage, SceneMessage } from './generated';
import type { ViewQuery } from './query';
import { EMPTY_VIEW, viewParameters } from './query';

/** Without an event for so long the connection counts as lost (heartbeats come every 5 s). */
const SILENCE_MS = 12_000;
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 10_000;

export type StreamState = 'connecting' | 'live' | 'lost';

export interface StreamHandler {
  onScene(scene: SceneMessage): void;
  onDelta(delta: DeltaMessage): void;
  onHeartbeat(heartbeat: HeartbeatMessage): void;
  onState(state: StreamState): void;
  /** The server refuses the view (a bad filter, say); the former view stays in force. */
  onRefused(error: ApiError): void;
}

/** Keeps one view's stream open, whatever happens to the network. */
export class Stream {
  private source: EventSource | undefined;
  private view: ViewQuery | undefined;
  private lastId: string | undefined;
  private retryMs = FIRST_RETRY_MS;
  private retryTimer: number | undefined;
  private silenceTimer: number | undefined;
  private heardAt = 0;
  private request: AbortController | undefined;

  constructor(private readonly handler: StreamHandler) {}

  /** Shows `view` from now on; its whole scene comes first. */
  async show(view: ViewQuery): Promise<void> {
    this.request?.abort();
    const request = new AbortController();
    this.request = request;
    try {
      const scene = await fetchScene(view, request.signal);
      if (request.signal.aborted) return;
      this.view = view;
      this.retryMs = FIRST_RETRY_MS;
      this.handler.onScene(scene);
      this.open(`${scene.epoch}:${scene.revision}`);
    } catch (error) {
      if (request.signal.aborted) return;
      if (error instanceof ApiError && error.status === 400 && view !== EMPTY_VIEW) {
        this.handler.onRefused(error);
        return;
      }
      this.view = view;
      this.lose();
    }
  }

  /** Asks for the whole scene again. */
  resync(): void {
    if (this.view) void this.show(this.view);
  }

  /** Tries now, without waiting for the next attempt's time. */
  retryNow(): void {
    window.clearTimeout(this.retryTimer);
    this.retryMs = FIRST_RETRY_MS;
    void this.reconnect();
  }

  /** The view that the latest scene belongs to. */
  get current(): ViewQuery | undefined {
    return this.view;
  }

  private open(lastId: string | undefined): void {
    if (!this.view) return;
    this.close();
    this.lastId = lastId;
    const parameters = viewParameters(this.view);
    if (lastId) parameters.set('last_event_id', lastId);
    const source = new EventSource(`/api/v1/stream?${parameters}`);
    this.source = source;
    this.watchSilence();
    const on = <T>(name: string, deliver: (message: T) => void) => {
      source.addEventListener(name, (event: MessageEvent<string>) => {
        if (this.source !== source) return;
        if (event.lastEventId) this.lastId = event.lastEventId;
        this.retryMs = FIRST_RETRY_MS;
        this.watchSilence();
        this.handler.onState('live');
        try {
          deliver(JSON.parse(event.data) as T);
        } catch (error) {
          console.warn('procnet: the stream could not be followed, asking for the scene', error);
          this.lastId = undefined;
          this.lose();
        }
      });
    };
    on<SceneMessage>('scene', (scene) => this.handler.onScene(scene));
    on<DeltaMessage>('delta', (delta) => this.handler.onDelta(delta));
    on<HeartbeatMessage>('heartbeat', (heartbeat) => this.handler.onHeartbeat(heartbeat));
    source.onopen = () => {
      if (this.source === source) this.handler.onState('live');
    };
    source.onerror = () => {
      if (this.source === source) this.lose();
    };
  }

  private watchSilence(): void {
    this.heardAt = performance.now();
    this.silenceTimer ??= window.setTimeout(() => this.checkSilence(), SILENCE_MS);
  }

  /** One timer for many events: it goes on for as long as something came meanwhile. */
  private checkSilence(): void {
    this.silenceTimer = undefined;
    const left = this.heardAt + SILENCE_MS - performance.now();
    if (left <= 0) this.lose();
    else this.silenceTimer = window.setTimeout(() => this.checkSilence(), left);
  }

  private lose(): void {
    this.close();
    this.handler.onState('lost');
    window.clearTimeout(this.retryTimer);
    this.retryTimer = window.setTimeout(() => void this.reconnect(), this.retryMs);
    this.retryMs = Math.min(this.retryMs * 2, LAST_RETRY_MS);
  }

  /** Resumes after the last event; the server sends a whole scene if it cannot. */
  private async reconnect(): Promise<void> {
    if (this.lastId) this.open(this.lastId);
    else if (this.view) await this.show(this.view);
  }

  private close(): void {
    window.clearTimeout(this.silenceTimer);
    this.silenceTimer = undefined;
    this.source?.close();
    this.source = undefined;
  }
}
