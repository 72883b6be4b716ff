/* A Vulkan layer that calls every device a discrete one.

   LiteRT's accelerator takes no device that says it is software. With this layer before a driver for processors, such as the
   SwiftShader that comes with Chromium, the tests run the accelerator where there is no graphics card.
   Interface: "Architecture of the Vulkan Loader Interfaces", of the Vulkan loader's documentation. */

#include <string.h>
#include <vulkan/vk_layer.h>
#include <vulkan/vulkan.h>

#define EXPORTED __attribute__((visibility("default"))) VKAPI_ATTR

static PFN_vkGetInstanceProcAddr next;
static PFN_vkGetPhysicalDeviceProperties properties;
static PFN_vkGetPhysicalDeviceProperties2 properties2;

static VKAPI_ATTR void VKAPI_CALL get_properties(VkPhysicalDevice device, VkPhysicalDeviceProperties *found) {
    properties(device, found);
    found->deviceType = VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU;
}

static VKAPI_ATTR void VKAPI_CALL get_properties2(VkPhysicalDevice device, VkPhysicalDeviceProperties2 *found) {
    properties2(device, found);
    found->properties.deviceType = VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU;
}

static VKAPI_ATTR VkResult VKAPI_CALL create_instance(const VkInstanceCreateInfo *wanted,
                                                      const VkAllocationCallbacks *memory, VkInstance *made) {
    VkLayerInstanceCreateInfo *link = (VkLayerInstanceCreateInfo *)wanted->pNext;
    while (link && !(link->sType == VK_STRUCTURE_TYPE_LOADER_INSTANCE_CREATE_INFO && link->function == VK_LAYER_LINK_INFO))
        link = (VkLayerInstanceCreateInfo *)link->pNext;
    if (!link)
        return VK_ERROR_INITIALIZATION_FAILED;
    next = link->u.pLayerInfo->pfnNextGetInstanceProcAddr;
    link->u.pLayerInfo = link->u.pLayerInfo->pNext;
    VkResult result = ((PFN_vkCreateInstance)next(NULL, "vkCreateInstance"))(wanted, memory, made);
    if (result != VK_SUCCESS)
        return result;
    /* Asked for later, the loader gives this layer's own functions. */
    properties = (PFN_vkGetPhysicalDeviceProperties)next(*made, "vkGetPhysicalDeviceProperties");
    properties2 = (PFN_vkGetPhysicalDeviceProperties2)next(*made, "vkGetPhysicalDeviceProperties2");
    if (!properties2)
        properties2 = (PFN_vkGetPhysicalDeviceProperties2)next(*made, "vkGetPhysicalDeviceProperties2KHR");
    return result;
}

static VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL get_address(VkInstance instance, const char *name) {
    if (!strcmp(name, "vkGetInstanceProcAddr"))
        return (PFN_vkVoidFunction)get_address;
    if (!strcmp(name, "vkCreateInstance"))
        return (PFN_vkVoidFunction)create_instance;
    if (!strcmp(name, "vkGetPhysicalDeviceProperties"))
        return (PFN_vkVoidFunction)get_properties;
    if (!strcmp(name, "vkGetPhysicalDeviceProperties2") || !strcmp(name, "vkGetPhysicalDeviceProperties2KHR"))
        return (PFN_vkVoidFunction)get_properties2;
    return next ? next(instance, name) : NULL;
}

EXPORTED VkResult VKAPI_CALL vkNegotiateLoaderLayerInterfaceVersion(VkNegotiateLayerInterface *offered) {
    offered->loaderLayerInterfaceVersion = 2;
    offered->pfnGetInstanceProcAddr = get_address;
    offered->pfnGetDeviceProcAddr = NULL;
    offered->pfnGetPhysicalDeviceProcAddr = NULL;
    return VK_SUCCESS;
}
