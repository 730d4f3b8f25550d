#include "pelagos/image/registry/http.h"

#include <curl/curl.h>
#include <signal.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include "pelagos/image/registry/http_job.h"

namespace pelagos::image {

struct HttpClient::State {
  HttpOptions options;
  CURLM* multi = nullptr;
  std::thread thread;

  std::mutex mutex;
  std::condition_variable changed;
  std::deque<HttpJob*> fresh;
  absl::Status cancelled;
  bool ending = false;

  void Finish(HttpJob& job, absl::StatusOr<HttpResponse> result) {
    const std::lock_guard<std::mutex> lock(mutex);
    job.result = std::move(result);
    job.done = true;
    changed.notify_all();
  }

  void Loop();
  void Drive();
};

void HttpClient::State::Loop() {
  // A connection that is gone is an error where it is written to, not the end of the process; with
  // CURLOPT_NOSIGNAL libcurl leaves that to us. Blocked for this thread, it does not matter.
  sigset_t pipe;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
  Drive();
  curl_multi_cleanup(multi);
}

void HttpClient::State::Drive() {
  std::set<HttpJob*> running;
  for (;;) {
    std::deque<HttpJob*> added;
    absl::Status stop;
    {
      const std::lock_guard<std::mutex> lock(mutex);
      if (ending) return;
      added.swap(fresh);
      stop = cancelled;
    }
    for (HttpJob* job : added) {
      absl::Status prepared = stop.ok() ? job->Prepare(options) : stop;
      if (prepared.ok() && curl_multi_add_handle(multi, job->easy) != CURLM_OK) {
        prepared = absl::ResourceExhaustedError("curl_multi_add_handle");
      }
      if (prepared.ok()) {
        running.insert(job);
      } else {
        Finish(*job, prepared);
      }
    }
    if (!stop.ok()) {
      for (HttpJob* job : running) {
        curl_multi_remove_handle(multi, job->easy);
        Finish(*job, stop);
      }
      running.clear();
    }
    int count = 0;
    curl_multi_perform(multi, &count);
    while (CURLMsg* message = curl_multi_info_read(multi, &count)) {
      if (message->msg != CURLMSG_DONE) continue;
      const CURLcode code = message->data.result;
      CURL* easy = message->easy_handle;
      void* job_pointer = nullptr;
      curl_easy_getinfo(easy, CURLINFO_PRIVATE, &job_pointer);
      HttpJob& job = *static_cast<HttpJob*>(job_pointer);
      curl_multi_remove_handle(multi, easy);
      running.erase(&job);
      absl::StatusOr<HttpResponse> result = job.Result(code);
      Finish(job, std::move(result));
    }
    constexpr int kLongest = 60000;  // ms; curl_multi_wakeup ends it
    curl_multi_poll(multi, nullptr, 0, kLongest, nullptr);
  }
}

absl::StatusOr<std::unique_ptr<HttpClient>> HttpClient::Start(const HttpOptions& options) {
  // Once per process is enough; more often does no harm (curl_global_init(3), thread-safe here).
  if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
    return absl::InternalError("curl_global_init");
  }
  auto state = std::make_unique<State>();
  state->options = options;
  state->multi = curl_multi_init();
  if (state->multi == nullptr) return absl::ResourceExhaustedError("curl_multi_init");
  State* raw = state.get();
  state->thread = std::thread([raw] { raw->Loop(); });
  return std::unique_ptr<HttpClient>(new HttpClient(std::move(state)));
}

HttpClient::HttpClient(std::unique_ptr<State> state) : state_(std::move(state)) {}

HttpClient::~HttpClient() {
  {
    const std::lock_guard<std::mutex> lock(state_->mutex);
    state_->ending = true;
    // Within the lock, as always: the network thread must not clean up before it is done.
    curl_multi_wakeup(state_->multi);
  }
  state_->thread.join();
}

absl::StatusOr<HttpResponse> HttpClient::Perform(const HttpRequest& request) {
  HttpJob job(request);
  std::unique_lock<std::mutex> lock(state_->mutex);
  if (!state_->cancelled.ok()) return state_->cancelled;
  state_->fresh.push_back(&job);
  curl_multi_wakeup(state_->multi);
  state_->changed.wait(lock, [&] { return job.done; });
  return std::move(job.result);
}

void HttpClient::Cancel(const absl::Status& why) {
  {
    const std::lock_guard<std::mutex> lock(state_->mutex);
    if (!state_->cancelled.ok()) return;
    state_->cancelled = why;
    state_->changed.notify_all();
    curl_multi_wakeup(state_->multi);
  }
}

absl::Status HttpClient::Wait(absl::Duration duration) {
  std::unique_lock<std::mutex> lock(state_->mutex);
  state_->changed.wait_for(lock, absl::ToChronoNanoseconds(duration),
                           [&] { return !state_->cancelled.ok(); });
  return state_->cancelled;
}

}  // namespace pelagos::image
