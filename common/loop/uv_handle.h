// How a libuv handle is owned here: it sits in a holder that is freed by its close callback, never earlier.
#pragma once

#include <uv.h>

namespace pawl {

/// Any handle as uv_handle_t, which libuv defines to be a prefix of all of them.
template <typename Handle>
uv_handle_t* as_handle(Handle* handle) {
  return reinterpret_cast<uv_handle_t*>(handle);
}

/// Closes `holder->uv` and deletes the holder once libuv lets go of it. `holder->uv.data` must point to the
/// holder.
template <typename Holder>
void close_and_delete(Holder* holder) {
  uv_close(as_handle(&holder->uv), [](uv_handle_t* handle) { delete static_cast<Holder*>(handle->data); });
}

}  // namespace pawl
