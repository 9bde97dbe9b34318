import type { Dispatcher } from 'undici';

/**
 * Calls `check` when a request is put on its connection, the last moment at which it can be held back: before that it
 * may have waited for a connection, and the process may have been frozen meanwhile. What `check` throws is how the
 * request ends, unsent.
 */
export function checkedAtSending(dispatcher: Dispatcher, check: () => void): Dispatcher {
  return dispatcher.compose(
    (dispatch) => (options, handler) =>
      dispatch(options, {
        onRequestStart(controller, context) {
          check();
          handler.onRequestStart?.(controller, context);
        },
        onRequestUpgrade: handler.onRequestUpgrade?.bind(handler),
        onResponseStart: handler.onResponseStart?.bind(handler),
        onResponseData: handler.onResponseData?.bind(handler),
        onResponseEnd: handler.onResponseEnd?.bind(handler),
        onResponseError: handler.onResponseError?.bind(handler),
        // A method that the handler lacks is undefined here, and undici asks for each before it calls it.
      } as Dispatcher.DispatchHandler),
  );
}
