/** startCapture, stopCapture and listCaptures of the control socket: parameters checked, results described. */
#pragma once
#include "capture/recorder.h"
#include "control/parameters.h"

namespace xfrmd {

/** @throws MethodError */
CaptureSettings parse_capture(const Json& params);
/** The name of one. @throws MethodError */
std::string parse_capture_name(const Json& params);
Json describe(const CaptureWriter& writer);

}  // namespace xfrmd
