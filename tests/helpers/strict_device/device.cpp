// A second device of torch, on the memory of the CPU: it refuses operations on tensors of mixed devices and reports whatever
// would make the host wait for an accelerator. Everything is computed by the operations of the CPU.
#include <ATen/CPUFunctions.h>
#include <ATen/EmptyTensor.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/detail/PrivateUse1HooksInterface.h>
#include <ATen/native/CPUFallback.h>
#include <ATen/ops/_local_scalar_dense_native.h>
#include <ATen/ops/_reshape_alias_native.h>
#include <ATen/ops/as_strided_native.h>
#include <ATen/ops/convolution.h>
#include <ATen/ops/convolution_backward.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/set_native.h>
#include <ATen/ops/unfold_native.h>
#include <ATen/ops/view_native.h>
#include <c10/core/Allocator.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <c10/core/impl/alloc_cpu.h>
#include <torch/library.h>

#include <cstring>
#include <set>
#include <string>

namespace {

using at::Tensor;
constexpr auto kStrict = c10::DeviceType::PrivateUse1;

// ---- memory and streams: one device, one stream

struct Allocator final : at::Allocator {
  static void release(void* data) { if (data) c10::free_cpu(data); }
  at::DataPtr allocate(size_t bytes) override {
    void* data = c10::alloc_cpu(bytes ? bytes : 1);
    return {data, data, &release, at::Device(kStrict, 0)};
  }
  at::DeleterFnPtr raw_deleter() const override { return &release; }
  void copy_data(void* to, const void* from, size_t bytes) const final { default_copy_data(to, from, bytes); }
};
Allocator allocator;
REGISTER_ALLOCATOR(kStrict, &allocator);

struct Guard final : c10::impl::DeviceGuardImplInterface {
  c10::DeviceType type() const override { return kStrict; }
  c10::Device exchangeDevice(c10::Device) const override { return c10::Device(kStrict, 0); }
  c10::Device getDevice() const override { return c10::Device(kStrict, 0); }
  void setDevice(c10::Device) const override {}
  void uncheckedSetDevice(c10::Device) const noexcept override {}
  c10::Stream stream() const { return c10::Stream(c10::Stream::DEFAULT, c10::Device(kStrict, 0)); }
  c10::Stream getStream(c10::Device) const noexcept override { return stream(); }
  c10::Stream getDefaultStream(c10::Device) const override { return stream(); }
  c10::Stream getNewStream(c10::Device, int) const override { return stream(); }
  c10::Stream exchangeStream(c10::Stream) const noexcept override { return stream(); }
  c10::DeviceIndex deviceCount() const noexcept override { return 1; }
  void record(void**, const c10::Stream&, const c10::DeviceIndex, const c10::EventFlag) const override {}
  void block(void*, const c10::Stream&) const override {}
  bool queryEvent(void*) const override { return true; }
  void destroyEvent(void*, const c10::DeviceIndex) const noexcept override {}
};
C10_REGISTER_GUARD_IMPL(PrivateUse1, Guard);

struct Hooks final : at::PrivateUse1HooksInterface {
  bool hasPrimaryContext(c10::DeviceIndex) const override { return true; }
  bool isBuilt() const override { return true; }
  bool isAvailable() const override { return true; }
  void resizePrivateUse1Bytes(const c10::Storage& storage, size_t bytes) const override {
    c10::DataPtr data = allocator.allocate(bytes);
    std::memcpy(data.mutable_get(), storage.data(), std::min(bytes, size_t(storage.nbytes())));
    storage.set_data_ptr_noswap(std::move(data));
    storage.unsafeGetStorageImpl()->set_nbytes(bytes);
  }
};
Hooks hooks;
const bool registered = (at::RegisterPrivateUse1HooksInterface(&hooks), true);

// ---- reports

using Listener = void (*)(const char*);
Listener listener = nullptr;

void report(const std::string& what) {
  if (listener) listener(what.c_str());
}

std::string bytes_of(const Tensor& tensor) { return " of " + std::to_string(tensor.nbytes()) + " bytes"; }

// ---- tensors seen from the other side

bool is_strict(const Tensor& tensor) { return tensor.defined() && tensor.device().type() == kStrict; }

Tensor alias(const Tensor& tensor, c10::DeviceType to) {  // the same memory
  const at::Device device(to, to == kStrict ? 0 : -1);
  char* data = static_cast<char*>(const_cast<void*>(tensor.storage().data()));
  if (data) data += tensor.storage_offset() * tensor.element_size();
  return at::from_blob(data, tensor.sizes(), tensor.strides(), [tensor](void*) {}, tensor.options().device(device), device);
}

Tensor on_cpu(const Tensor& tensor) { return is_strict(tensor) ? alias(tensor, c10::DeviceType::CPU) : tensor; }
Tensor on_strict(const Tensor& tensor) { return tensor.defined() ? alias(tensor.contiguous(), kStrict) : tensor; }

// ---- operations that cannot be left to the CPU

Tensor empty(at::IntArrayRef size, std::optional<at::ScalarType> dtype, std::optional<at::Layout>, std::optional<at::Device>,
             std::optional<bool>, std::optional<at::MemoryFormat> format) {
  return at::detail::empty_generic(size, &allocator, c10::DispatchKeySet(c10::DispatchKey::PrivateUse1),
                                   c10::dtype_or_default(dtype), format);
}

Tensor empty_strided(at::IntArrayRef size, at::IntArrayRef stride, std::optional<at::ScalarType> dtype,
                     std::optional<at::Layout>, std::optional<at::Device>, std::optional<bool>) {
  return at::detail::empty_strided_generic(size, stride, &allocator, c10::DispatchKeySet(c10::DispatchKey::PrivateUse1),
                                           c10::dtype_or_default(dtype));
}

Tensor copy_from(const Tensor& from, const Tensor& to, bool non_blocking) {
  if (is_strict(from) != is_strict(to) && !non_blocking)
    report((is_strict(from) ? "blocking copy to the host" : "blocking copy to the device") + bytes_of(from));
  on_cpu(to).copy_(on_cpu(from));
  return to;
}

const Tensor& resize_(const Tensor& self, at::IntArrayRef size, std::optional<at::MemoryFormat>) {
  if (self.sizes() == size) return self;
  const size_t bytes = (c10::multiply_integers(size) + self.storage_offset()) * self.element_size();
  if (self.storage().nbytes() < bytes) hooks.resizePrivateUse1Bytes(self.storage(), bytes);
  self.unsafeGetTensorImpl()->set_sizes_contiguous(size);
  return self;
}

Tensor copy_from_and_resize(const Tensor& from, const Tensor& to) {
  resize_(to, from.sizes(), std::nullopt);
  on_cpu(to).copy_(on_cpu(from));
  return to;
}

at::Scalar local_scalar_dense(const Tensor& self) {
  report("item");
  return at::native::_local_scalar_dense_cpu(on_cpu(self));
}

Tensor& set_storage_offset(Tensor& self, at::Storage storage, int64_t offset, at::IntArrayRef size, at::IntArrayRef stride) {
  return at::native::set_storage_cpu_(self, std::move(storage), offset, size, stride);
}

Tensor& set_storage(Tensor& self, at::Storage storage) {
  const int64_t count = storage.nbytes() / self.element_size();
  return at::native::set_storage_cpu_(self, std::move(storage), 0, {count}, {1});
}

Tensor convolution(const Tensor& input, const Tensor& weight, const std::optional<Tensor>& bias, c10::SymIntArrayRef stride,
                   c10::SymIntArrayRef padding, c10::SymIntArrayRef dilation, bool transposed,
                   c10::SymIntArrayRef output_padding, c10::SymInt groups) {
  TORCH_CHECK(is_strict(input) && is_strict(weight), "mixed devices in a convolution: ", input.device(), ", ", weight.device());
  const auto host_bias = bias && bias->defined() ? std::optional<Tensor>(on_cpu(*bias)) : std::nullopt;
  return on_strict(at::convolution_symint(on_cpu(input), on_cpu(weight), host_bias, stride, padding, dilation, transposed,
                                          output_padding, groups));
}

std::tuple<Tensor, Tensor, Tensor> convolution_backward(
    const Tensor& gradient, const Tensor& input, const Tensor& weight, c10::SymIntArrayRef stride, c10::SymIntArrayRef padding,
    c10::SymIntArrayRef dilation, bool transposed, c10::SymIntArrayRef output_padding, c10::SymInt groups,
    std::array<bool, 3> mask) {
  TORCH_CHECK(is_strict(gradient) && is_strict(input) && is_strict(weight), "mixed devices in the gradient of a convolution");
  const auto [of_input, of_weight, of_bias] = at::convolution_backward_symint(
      on_cpu(gradient), on_cpu(input), on_cpu(weight), at::OptionalSymIntArrayRef({weight.sym_size(0)}), stride, padding,
      dilation, transposed, output_padding, groups, mask);
  return {on_strict(of_input), on_strict(of_weight), on_strict(of_bias)};
}

// ---- all others: by the CPU, after a look at their arguments

const std::set<std::string> indexing{"aten::index", "aten::index_put", "aten::index_put_", "aten::_index_put_impl_",
                                     "aten::_unsafe_index"};
// The sizes of their results, or their algorithms, depend on values.
const std::set<std::string> waiting{"aten::nonzero", "aten::masked_select", "aten::_unique", "aten::_unique2",
                                    "aten::unique_dim", "aten::unique_consecutive", "aten::bincount", "aten::equal",
                                    "aten::is_nonzero", "aten::repeat_interleave", "aten::histc", "aten::multinomial",
                                    "aten::_linalg_svd", "aten::_linalg_eigh", "aten::linalg_eigvalsh"};

void look_at(const Tensor& tensor, bool is_index, bool& any_strict, std::string& strangers) {
  if (!tensor.defined()) return;
  const bool is_mask = is_index && (tensor.scalar_type() == at::kBool || tensor.scalar_type() == at::kByte);
  if (is_mask) report("index by a mask");  // it becomes nonzero
  if (is_strict(tensor)) any_strict = true;
  else if (tensor.dim() > 0 && is_index) report("index from the host" + bytes_of(tensor));
  else if (tensor.dim() > 0) strangers += c10::str(tensor.sizes()) + " ";
}

void fallback(const c10::OperatorHandle& op, torch::jit::Stack* stack) {
  const auto& schema = op.schema();
  const bool indexes = indexing.count(schema.name()) > 0;
  bool any_strict = false;
  std::string strangers;
  for (const auto& value : torch::jit::last(*stack, schema.arguments().size())) {
    if (value.isTensor()) look_at(value.toTensor(), false, any_strict, strangers);
    else if (value.isTensorList()) for (const Tensor& t : value.toTensorVector()) look_at(t, indexes, any_strict, strangers);
    else if (value.isList()) for (const auto& entry : value.toListRef())
      if (entry.isTensor()) look_at(entry.toTensor(), indexes, any_strict, strangers);
  }
  TORCH_CHECK(!any_strict || strangers.empty(), "Expected all tensors to be on the same device: ", schema.name(),
              " has on the CPU ", strangers);
  if (waiting.count(schema.name())) report(schema.name());
  const Listener kept = listener;  // copies that only the emulation makes
  listener = nullptr;
  try {
    at::native::cpu_fallback(op, stack);
  } catch (...) {
    listener = kept;
    throw;
  }
  listener = kept;
}

TORCH_LIBRARY_IMPL(_, PrivateUse1, library) { library.fallback(torch::CppFunction::makeFromBoxedFunction<&fallback>()); }

TORCH_LIBRARY_IMPL(aten, PrivateUse1, library) {
  library.impl("empty.memory_format", &empty);
  library.impl("empty_strided", &empty_strided);
  library.impl("_copy_from", &copy_from);
  library.impl("_copy_from_and_resize", &copy_from_and_resize);
  library.impl("_local_scalar_dense", &local_scalar_dense);
  library.impl("set_.source_Storage_storage_offset", &set_storage_offset);
  library.impl("set_.source_Storage", &set_storage);
  library.impl("resize_", &resize_);
  library.impl("as_strided", &at::native::as_strided_tensorimpl);
  library.impl("view", &at::native::view);
  library.impl("_reshape_alias", &at::native::_reshape_alias);
  library.impl("unfold", &at::native::unfold);
  library.impl("convolution_overrideable", &convolution);
  library.impl("convolution_backward_overrideable", &convolution_backward);
}

}  // namespace

extern "C" void listen(Listener callback) { listener = callback; }  // nullptr: no more
