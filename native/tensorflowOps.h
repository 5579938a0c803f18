// The part of TensorFlow's C API for ops and kernels that we use (tensorflow/c/ops.h and kernels.h), and classes that
// free what it hands out.
#pragma once
#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>
#include "tensorflow/c/tf_datatype.h"
#include "tensorflow/c/tf_status.h"
#include "tensorflow/c/tf_tensor.h"

extern "C" {
struct TF_OpDefinitionBuilder;
struct TF_ShapeInferenceContext;
struct TF_KernelBuilder;
struct TF_OpKernelConstruction;
struct TF_OpKernelContext;
TF_OpDefinitionBuilder* TF_NewOpDefinitionBuilder(const char* name);
void TF_OpDefinitionBuilderAddAttr(TF_OpDefinitionBuilder*, const char* spec);
void TF_OpDefinitionBuilderAddInput(TF_OpDefinitionBuilder*, const char* spec);
void TF_OpDefinitionBuilderAddOutput(TF_OpDefinitionBuilder*, const char* spec);
void TF_OpDefinitionBuilderSetShapeInferenceFunction(TF_OpDefinitionBuilder*, void (*)(TF_ShapeInferenceContext*, TF_Status*));
void TF_ShapeInferenceContextSetUnknownShape(TF_ShapeInferenceContext*, TF_Status*);
void TF_RegisterOpDefinition(TF_OpDefinitionBuilder*, TF_Status*);
TF_KernelBuilder* TF_NewKernelBuilder(const char* op, const char* device, void* (*create)(TF_OpKernelConstruction*), void (*compute)(void*, TF_OpKernelContext*), void (*remove)(void*));
void TF_RegisterKernelBuilder(const char* name, TF_KernelBuilder*, TF_Status*);
void TF_OpKernelConstruction_GetAttrFloat(TF_OpKernelConstruction*, const char* name, float* value, TF_Status*);
void TF_OpKernelConstruction_GetAttrInt32(TF_OpKernelConstruction*, const char* name, int32_t* value, TF_Status*);
void TF_OpKernelConstruction_GetAttrBool(TF_OpKernelConstruction*, const char* name, unsigned char* value, TF_Status*);
void TF_GetInput(TF_OpKernelContext*, int i, TF_Tensor**, TF_Status*);
TF_Tensor* TF_AllocateOutput(TF_OpKernelContext*, int i, TF_DataType, const int64_t* dims, int rank, size_t bytes, TF_Status*);
void TF_OpKernelContext_Failure(TF_OpKernelContext*, TF_Status*);
}

namespace thaw {

class Status {
 public:
  Status() : status_(TF_NewStatus()) {}
  Status(const Status&) = delete;
  ~Status() { TF_DeleteStatus(status_); }
  operator TF_Status*() const { return status_; }
  bool ok() const { return TF_GetCode(status_) == TF_OK; }

 private:
  TF_Status* status_;
};

class Tensor {
 public:
  explicit Tensor(TF_Tensor* tensor) : tensor_(tensor) {}
  Tensor(Tensor&& other) : tensor_(other.tensor_) { other.tensor_ = nullptr; }
  ~Tensor() { if (tensor_) TF_DeleteTensor(tensor_); }
  const float* data() const { return static_cast<const float*>(TF_TensorData(tensor_)); }
  float* data() { return static_cast<float*>(TF_TensorData(tensor_)); }
  int64_t size() const { return TF_TensorElementCount(tensor_); }
  std::vector<int64_t> shape() const {
    std::vector<int64_t> dims(TF_NumDims(tensor_));
    for (size_t i = 0; i < dims.size(); i++) dims[i] = TF_Dim(tensor_, int(i));
    return dims;
  }

 private:
  TF_Tensor* tensor_;
};

class Attributes {
 public:
  explicit Attributes(TF_OpKernelConstruction* construction) : construction_(construction) {}
  float number(const char* name) const { float value = 0; TF_OpKernelConstruction_GetAttrFloat(construction_, name, &value, Status()); return value; }
  int32_t integer(const char* name) const { int32_t value = 0; TF_OpKernelConstruction_GetAttrInt32(construction_, name, &value, Status()); return value; }
  bool flag(const char* name) const { unsigned char value = 0; TF_OpKernelConstruction_GetAttrBool(construction_, name, &value, Status()); return value; }

 private:
  TF_OpKernelConstruction* construction_;
};

// One execution of a kernel.
class Call {
 public:
  explicit Call(TF_OpKernelContext* context) : context_(context) {}
  Tensor input(int i) {
    TF_Tensor* tensor = nullptr;
    TF_GetInput(context_, i, &tensor, status_);
    return Tensor(tensor);
  }
  Tensor output(int i, const std::vector<int64_t>& shape) {
    size_t bytes = sizeof(float);
    for (const int64_t length : shape) bytes *= size_t(length);
    return Tensor(TF_AllocateOutput(context_, i, TF_FLOAT, shape.data(), int(shape.size()), bytes, status_));
  }
  Tensor outputLike(int i, const Tensor& like) { return output(i, like.shape()); }
  // After the outputs were asked for: whether there was memory for them. TensorFlow is told.
  bool failed() {
    if (status_.ok()) return false;
    TF_OpKernelContext_Failure(context_, status_);
    return true;
  }

 private:
  TF_OpKernelContext* context_;
  Status status_;
};

// Registers an op on float32 tensors with its kernel for processors: a class made of the attributes, with `compute`.
template <typename Kernel>
bool registerOp(const char* name, std::initializer_list<const char*> inputs, std::initializer_list<const char*> outputs, std::initializer_list<const char*> attributes) {
  Status status;
  TF_OpDefinitionBuilder* definition = TF_NewOpDefinitionBuilder(name);
  for (const char* input : inputs) TF_OpDefinitionBuilderAddInput(definition, (std::string(input) + ": float").c_str());
  for (const char* output : outputs) TF_OpDefinitionBuilderAddOutput(definition, (std::string(output) + ": float").c_str());
  for (const char* attribute : attributes) TF_OpDefinitionBuilderAddAttr(definition, attribute);
  TF_OpDefinitionBuilderSetShapeInferenceFunction(definition, TF_ShapeInferenceContextSetUnknownShape);
  TF_RegisterOpDefinition(definition, status);
  if (!status.ok()) return false;
  TF_KernelBuilder* kernel = TF_NewKernelBuilder(
      name, "CPU", [](TF_OpKernelConstruction* construction) -> void* { return new Kernel(Attributes(construction)); },
      [](void* self, TF_OpKernelContext* context) { Call call(context); static_cast<const Kernel*>(self)->compute(call); },
      [](void* self) { delete static_cast<Kernel*>(self); });
  TF_RegisterKernelBuilder(name, kernel, status);
  return status.ok();
}

}  // namespace thaw
