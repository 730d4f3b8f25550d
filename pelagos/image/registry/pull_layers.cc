#include "pelagos/image/registry/pull_layers.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "pelagos/base/errno_status.h"
#include "pelagos/base/status_macros.h"
#include "pelagos/image/registry/fetch.h"
#include "pelagos/sys/file.h"

namespace pelagos::image {
namespace {

// More of the same bytes would not help, nor would others.
bool IsAboutRoom(const absl::Status& status) {
  return absl::IsResourceExhausted(status) || FindErrno(status) == ENOSPC;
}

absl::StatusOr<uint64_t> SizeOf(const Fd& file, const std::string& path) {
  struct stat info = {};
  if (::fstat(file.get(), &info) != 0) return ErrnoStatus(errno, "fstat", path);
  return static_cast<uint64_t>(info.st_size);
}

absl::StatusOr<UnpackedLayer> HashOnly(ByteSource& source) {
  HashingSource hashed(source);
  PELAGOS_RETURN_IF_ERROR(Drain(hashed));
  UnpackedLayer unpacked;
  unpacked.size = hashed.size();
  unpacked.blob = hashed.Finish();
  return unpacked;
}

// Nothing to go on with next time. If it cannot be removed, it does no harm.
void DropIfEmpty(const std::string& file) {
  struct stat info = {};
  if (::lstat(file.c_str(), &info) == 0 && info.st_size == 0) ::unlink(file.c_str());
}

absl::Status MakeEmptyFolder(const std::string& folder) {
  PELAGOS_RETURN_IF_ERROR(sys::RemoveTree(folder));
  if (::mkdir(folder.c_str(), 0755) != 0) return ErrnoStatus(errno, "mkdir", folder);
  if (::chmod(folder.c_str(), 0755) != 0) return ErrnoStatus(errno, "chmod", folder);
  return absl::OkStatus();
}

}  // namespace

absl::Status LayerPuller::Pull(const Manifest& manifest, const ImageConfig& config,
                               uint32_t parallel, PulledImage& pulled) {
  std::vector<Job> jobs;
  std::map<Digest, size_t> by_blob;
  uint64_t bytes = 0;
  for (size_t i = 0; i < manifest.layers.size(); ++i) {
    const Descriptor& blob = manifest.layers[i];
    const auto [known, fresh] = by_blob.emplace(blob.digest, jobs.size());
    if (!fresh) {
      if (jobs[known->second].diff_id == config.diff_ids[i]) continue;
      return absl::DataLossError(absl::StrCat("the config gives layer ", blob.digest.ToString(),
                                              " two different diffIDs"));
    }
    if (blob.size > budget_.limits().max_bytes - std::min(bytes, budget_.limits().max_bytes)) {
      return absl::ResourceExhaustedError(absl::StrCat("its layers have more than ",
                                                       budget_.limits().max_bytes,
                                                       " bytes as they are sent (--max-bytes)"));
    }
    bytes += blob.size;
    jobs.push_back({blob,
                    config.diff_ids[i],
                    tools_.progress.Add(blob.digest.ToString(), blob.size),
                    "",
                    "",
                    {}});
  }
  std::atomic<size_t> next = 0;
  const auto work = [&] {
    for (size_t i = next++; i < jobs.size(); i = next++) {
      absl::Status status;
      try {
        status = Run(jobs[i]);
      } catch (const std::exception& error) {  // the standard library's: out of memory
        status = absl::ResourceExhaustedError(error.what());
      }
      if (status.ok()) continue;
      tools_.progress.Status(jobs[i].line, absl::IsCancelled(status) ? "stopped" : "failed");
      Fail(pelagos::internal::WithContext(status, "layer ", jobs[i].blob.digest.ToString()));
      return;
    }
  };
  std::vector<std::thread> threads;
  const size_t count = std::min<size_t>(std::max<uint32_t>(parallel, 1), jobs.size());
  for (size_t i = 0; i < count; ++i) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
  PELAGOS_RETURN_IF_ERROR(failure_);

  for (size_t i = 0; i < manifest.layers.size(); ++i) {
    pulled.image.layers.push_back(
        {config.diff_ids[i], jobs[by_blob.at(manifest.layers[i].digest)].folder});
  }
  for (Job& job : jobs) {
    if (!job.file.empty()) pulled.image.blobs.push_back({job.blob.digest, job.file});
    for (Fd& lock : job.locks) pulled.locks.push_back(std::move(lock));
  }
  return absl::OkStatus();
}

void LayerPuller::Fail(const absl::Status& status) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    // Whoever was stopped because of another's error says so with Cancelled.
    if (failure_.ok() || absl::IsCancelled(failure_)) failure_ = status;
    for (GrowingFile* file : growing_) file->Abandon();
  }
  tools_.http.Cancel(absl::CancelledError("another layer could not be had"));
}

absl::StatusOr<LayerPuller::Opened> LayerPuller::OpenBlob(Job& job) {
  Opened opened;
  if (tools_.store.HasBlob(job.blob.digest)) {
    const std::string path = tools_.store.BlobPath(job.blob.digest);
    PELAGOS_ASSIGN_OR_RETURN(opened.file, sys::OpenFile(path, O_RDONLY | O_NOFOLLOW));
    PELAGOS_ASSIGN_OR_RETURN(opened.size, SizeOf(opened.file, path));
    opened.from_store = true;
    return opened;
  }
  std::string path = tools_.store.PartialPath(job.blob.digest);
  absl::StatusOr<Fd> locked = sys::LockFile(path, sys::LockMode::kTry);
  if (absl::IsUnavailable(locked.status())) {
    // Another process has it under way: this one gets its own.
    path = absl::StrCat(ingest_.folder(), "/blob-", job.blob.digest.hex());
    locked = sys::LockFile(path, sys::LockMode::kTry);
  }
  PELAGOS_RETURN_IF_ERROR(locked.status());
  opened.file = *std::move(locked);
  PELAGOS_ASSIGN_OR_RETURN(opened.size, SizeOf(opened.file, path));
  if (opened.size > job.blob.size) {
    if (::ftruncate(opened.file.get(), 0) != 0) return ErrnoStatus(errno, "ftruncate", path);
    opened.size = 0;
  }
  job.file = path;
  return opened;
}

absl::Status LayerPuller::Run(Job& job) {
  PELAGOS_ASSIGN_OR_RETURN(std::optional<Fd> hold, tools_.store.HoldLayer(job.diff_id));
  const bool unpack = !hold.has_value();
  if (hold) job.locks.push_back(*std::move(hold));
  if (!unpack && tools_.store.HasBlob(job.blob.digest)) {
    tools_.progress.SetDone(job.line, job.blob.size);
    tools_.progress.Status(job.line, "cached");
    return absl::OkStatus();
  }
  // What another process left may be bad: then once more, from the start.
  for (bool again : {false, true}) {
    PELAGOS_ASSIGN_OR_RETURN(Opened opened, OpenBlob(job));
    const bool fresh = opened.size == 0;
    const bool from_store = opened.from_store;
    bool bad = false;
    const absl::Status status = Fill(job, std::move(opened), unpack, bad);
    if (status.ok()) break;
    if (!from_store) DropIfEmpty(job.file);
    const std::string path = from_store ? tools_.store.BlobPath(job.blob.digest) : job.file;
    if (bad && ::unlink(path.c_str()) != 0 && errno != ENOENT) {
      return ErrnoStatus(errno, "unlink", path);
    }
    if (!bad || fresh || again) return status;
  }
  tools_.progress.SetDone(job.line, job.blob.size);
  tools_.progress.Status(job.line, "done");
  return absl::OkStatus();
}

// `bad`: the file has not what its name says.
absl::Status LayerPuller::Fill(Job& job, Opened opened, bool unpack, bool& bad) {
  if (unpack) {
    job.folder = absl::StrCat(ingest_.folder(), "/", job.line);
    PELAGOS_RETURN_IF_ERROR(MakeEmptyFolder(job.folder));
  }
  GrowingFile file(std::move(opened.file), opened.size);
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!failure_.ok()) return absl::CancelledError("another layer could not be had");
    growing_.insert(&file);
  }
  absl::Status downloaded;
  std::thread downloader([&] {
    if (!opened.from_store) {
      tools_.progress.Status(job.line, "downloading");
      downloaded = download_(job.blob, file, job.line);
      if (downloaded.ok() && unpack) tools_.progress.Status(job.line, "unpacking");
    }
    file.Finish(downloaded);
  });
  GrowingFile::Source source(file);
  absl::StatusOr<UnpackedLayer> unpacked =
      unpack ? UnpackLayer(source, job.folder, budget_) : HashOnly(source);
  const bool no_room = !unpacked.ok() && IsAboutRoom(unpacked.status());
  if (no_room) file.Abandon();
  downloader.join();
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    growing_.erase(&file);
  }
  if (no_room && (downloaded.ok() || absl::IsCancelled(downloaded))) return unpacked.status();
  if (!downloaded.ok()) {
    bad = absl::IsDataLoss(downloaded);
    return downloaded;
  }
  if (!unpacked.ok()) {
    // Is it what was asked for, and bad, or is it something else?
    GrowingFile::Source from_start(file);
    PELAGOS_ASSIGN_OR_RETURN(const UnpackedLayer hashed, HashOnly(from_start));
    bad = hashed.blob != job.blob.digest;
    return bad ? WrongDigest("what the registry sends", job.blob.digest, hashed.blob)
               : unpacked.status();
  }
  bad = unpacked->blob != job.blob.digest || unpacked->size != job.blob.size;
  PELAGOS_RETURN_IF_ERROR(Compare(job, *unpacked, unpack));
  if (opened.from_store) return absl::OkStatus();
  // Before a name makes it count.
  if (::fsync(file.file().get()) != 0) return ErrnoStatus(errno, "fsync", job.file);
  job.locks.push_back(file.TakeFile());
  return absl::OkStatus();
}

absl::Status LayerPuller::Compare(const Job& job, const UnpackedLayer& unpacked,
                                  bool unpack) const {
  if (unpacked.blob != job.blob.digest) {
    return WrongDigest("what the registry sends", job.blob.digest, unpacked.blob);
  }
  if (unpacked.size != job.blob.size) {
    return absl::DataLossError(
        absl::StrCat("it has ", unpacked.size, " bytes, but the manifest says ", job.blob.size));
  }
  if (unpack && unpacked.diff_id != job.diff_id) {
    return absl::DataLossError(absl::StrCat("it unpacks to ", unpacked.diff_id.ToString(),
                                            ", but the config says ", job.diff_id.ToString()));
  }
  return absl::OkStatus();
}

}  // namespace pelagos::image
